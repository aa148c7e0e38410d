#include "deploy/kubevirt/hook/sound_card_hook.h"

#include "deploy/kubevirt/hook/sound_card.h"
#include "deploy/kubevirt/hook/vm_name.h"

namespace earshot {

void SoundCardHook::Define(
    std::string domain, const std::string& vmi_json,
    std::function<void(absl::StatusOr<std::string>)> done) const {
  const absl::StatusOr<std::string> vm =
      vm_.empty() ? VmName(vmi_json) : absl::StatusOr<std::string>(vm_);
  if (!vm.ok()) return done(vm.status());
  auto with_card = AddSoundCard(std::move(domain), socket_);
  if (!with_card.ok()) return done(with_card.status());
  start_(*vm, [done = std::move(done),
               domain = *std::move(with_card)](const absl::Status& status) {
    if (status.ok()) {
      done(domain);
    } else {
      done(status);
    }
  });
}

}  // namespace earshot
