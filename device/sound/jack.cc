#include "device/sound/jack.h"

namespace earshot {
namespace {

// HDA 7.3.3.31, pin default configuration. What Linux names the jack after.
constexpr uint32_t kPortIsJack = 0u << 30;
constexpr uint32_t kSeparateChassis = 2u << 28;  // the speaker is elsewhere
constexpr uint32_t kDeviceIsLineOut = 0u << 20;
constexpr uint32_t kConnectionUnknown = 0u << 16;
constexpr uint32_t kColorUnknown = 0u << 12;
constexpr int kAssociationShift = 4;  // 0 is reserved; pins that go together

// HDA 7.3.4.9, pin capabilities.
constexpr uint32_t kPresenceDetect = 1u << 2;
constexpr uint32_t kOutputCapable = 1u << 4;

}  // namespace

void Jack::Poll(MonotonicTime now) {
  if (output_->IsConnected()) {
    connected_ = true;
    gone_since_.reset();
  } else if (connected_) {
    if (!gone_since_) gone_since_ = now;
    if (now - *gone_since_ < kOutage) return;
    connected_ = false;
    gone_since_.reset();
  }
}

MonotonicTime Jack::NextDeadline() const {
  return gone_since_ ? *gone_since_ + kOutage : MonotonicTime::max();
}

SndJackInfo Jack::Info() const {
  SndJackInfo info{};
  info.hda_fn_nid = id_;
  info.hda_reg_defconf = kPortIsJack | kSeparateChassis | kDeviceIsLineOut |
                         kConnectionUnknown | kColorUnknown |
                         (id_ + 1) << kAssociationShift;
  info.hda_reg_caps = kPresenceDetect | kOutputCapable;
  info.connected = connected_ ? 1 : 0;
  return info;
}

}  // namespace earshot
