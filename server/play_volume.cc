#include "server/play_volume.h"

#include <cmath>

namespace earshot {

float VolumeSetting::factor() const {
  if (mute || !(gain_db > kSilentDb)) return 0;
  return static_cast<float>(std::pow(10.0, gain_db / 20));
}

void PlayVolume::Set(const VolumeSetting& setting) {
  const std::lock_guard lock(setting_mutex_);
  setting_ = setting;
}

VolumeSetting PlayVolume::Get() const {
  const std::lock_guard lock(setting_mutex_);
  return setting_;
}

}  // namespace earshot
