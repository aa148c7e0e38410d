// Any bytes as a libvirt domain: it gets the card or is refused by one of two
// errors. With the card it is still XML, has the card, and holds all that it
// held, byte for byte and in order.
#include <cstdint>
#include <cstdlib>
#include <pugixml.hpp>
#include <string>

#include "absl/status/status.h"
#include "deploy/kubevirt/hook/sound_card.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr char kSocket[] = "/run/device.sock";
  const std::string domain(reinterpret_cast<const char*>(data), size);
  const auto with_card = earshot::AddSoundCard(domain, kSocket);
  if (!with_card.ok()) {
    const absl::Status& status = with_card.status();
    if (!absl::IsInvalidArgument(status) &&
        !absl::IsFailedPrecondition(status)) {
      std::abort();
    }
    return 0;
  }
  const auto again = earshot::AddSoundCard(*with_card, kSocket);
  if (!again.ok() || *again != *with_card) std::abort();
  if (with_card->find("vhost-user-snd-pci") == std::string::npos) std::abort();
  // An element <a/> that was opened lost its slash.
  size_t found = 0;
  for (const char c : *with_card) {
    if (found < domain.size() && domain[found] == '/' && c == '>') ++found;
    if (found < domain.size() && domain[found] == c) ++found;
  }
  if (found != domain.size()) std::abort();
  return 0;
}
