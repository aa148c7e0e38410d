#include "client/volume_sync.h"

#include <utility>

namespace earshot {

void VolumeSync::Set(const PlayerVolume& volume) {
  if (volume == volume_) return;
  volume_ = volume;
  unsaid_ = true;
}

void VolumeSync::OnOpened(bool resumed) {
  server_ = PlayerVolume();
  ping_ = 0;
  unsaid_ |= std::exchange(said_, false);
  // Where it says nothing it is 0 dB: somebody has set that meanwhile, if it
  // goes on with the stream; else it knows nothing.
  const bool differs = volume_ != server_;
  unsaid_ |= differs && !resumed;
  unsure_ = differs && resumed;
}

bool VolumeSync::TakeUnsaid() {
  said_ = std::exchange(unsaid_, false);
  return said_;
}

void VolumeSync::OnAsked(uint64_t ping_id) {
  unsure_ = false;
  ping_ = ping_id;
}

bool VolumeSync::OnVolume(const PlayerVolume& volume) {
  server_ = volume;
  return Settle();
}

bool VolumeSync::OnEcho(uint64_t ping_id) {
  if (ping_ == 0 || ping_id < ping_) return false;
  ping_ = 0;
  said_ = false;
  return Settle();
}

bool VolumeSync::Settle() {
  if (ping_ != 0 || unsaid_ || unsure_ || volume_ == server_) return false;
  volume_ = server_;
  return true;
}

}  // namespace earshot
