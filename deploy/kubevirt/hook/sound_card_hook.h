#ifndef EARSHOT_DEPLOY_KUBEVIRT_HOOK_SOUND_CARD_HOOK_H_
#define EARSHOT_DEPLOY_KUBEVIRT_HOOK_SOUND_CARD_HOOK_H_

#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace earshot {

// What KubeVirt's hooks come to, whichever of its interfaces calls: the domain
// with our sound card, once the card's device is there. Thread-safe.
class SoundCardHook {
 public:
  // Calls `ready` once a VMM can use the device of that VM.
  using StartDevice = std::function<void(
      const std::string& vm, std::function<void(absl::Status)> ready)>;
  // `vm` is what the VM is called at the service; empty: as its JSON says.
  // `socket` is the device's, as QEMU sees it.
  SoundCardHook(std::string vm, std::string socket, StartDevice start)
      : vm_(std::move(vm)),
        socket_(std::move(socket)),
        start_(std::move(start)) {}

  // `done` may be called from within, or by another thread.
  void Define(std::string domain, const std::string& vmi_json,
              std::function<void(absl::StatusOr<std::string>)> done) const;

 private:
  const std::string vm_;
  const std::string socket_;
  const StartDevice start_;
};

}  // namespace earshot

#endif  // EARSHOT_DEPLOY_KUBEVIRT_HOOK_SOUND_CARD_HOOK_H_
