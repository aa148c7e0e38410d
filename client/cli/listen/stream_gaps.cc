#include "client/cli/listen/stream_gaps.h"

#include <algorithm>

namespace earshot {
namespace {

using std::chrono::nanoseconds;

// A sink without a card makes good up to 100 ms for which its process was late;
// more than that, its clock stood still.
constexpr std::chrono::milliseconds kMadeGood{100};

}  // namespace

void StreamGaps::OnEpoch(int rate_hz) {
  OnBreak();
  rate_hz_ = rate_hz;
}

void StreamGaps::OnPacket(const v1::DuePacket& packet) {
  const nanoseconds due(packet.due_time_ns());
  const nanoseconds missing = next_due_.has_value()
                                  ? std::max(due - *next_due_, nanoseconds(0))
                                  : nanoseconds(0);
  if (passed_over_ || missing > (ran_dry_ ? nanoseconds(0) : kMadeGood)) {
    ++gaps_;
    time_ += missing;
  }
  ran_dry_ = false;
  passed_over_ = false;
  next_due_ =
      due + nanoseconds(packet.frame_count() * int64_t{1000000000} / rate_hz_);
}

void StreamGaps::OnStandstill(const v1::Standstill& standstill) {
  if (standstill.state() == v1::STREAM_STATE_PRIMING) {
    ran_dry_ = true;
  } else {
    OnBreak();
  }
}

void StreamGaps::OnBreak() {
  next_due_.reset();
  ran_dry_ = false;
  passed_over_ = false;
}

}  // namespace earshot
