#ifndef EARSHOT_DEPLOY_KUBEVIRT_HOOK_SOUND_CARD_H_
#define EARSHOT_DEPLOY_KUBEVIRT_HOOK_SOUND_CARD_H_

#include <string>

#include "absl/status/statusor.h"

namespace earshot {

// The libvirt domain with our sound card: a vhost-user-snd device of QEMU
// whose back-end listens at `socket`, as QEMU sees it, and guest memory that
// the back-end can map. libvirt has no element for the device, so it is made
// of QEMU's own arguments. All else stays as it is, to the byte; a domain that
// has the card already is returned as it came.
//
// What is missing is added; what the domain says is never overruled. Errors:
// INVALID_ARGUMENT if it is no domain, FAILED_PRECONDITION if what it says
// keeps the card from working, such as memory that is private.
absl::StatusOr<std::string> AddSoundCard(std::string domain,
                                         const std::string& socket);

}  // namespace earshot

#endif  // EARSHOT_DEPLOY_KUBEVIRT_HOOK_SOUND_CARD_H_
