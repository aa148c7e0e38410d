#include "client/heard_call.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace earshot {
namespace {

constexpr int kMaxInitialMs = 2000;  // what a client takes of it

}  // namespace

void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

void HeardCall::Take() {
  Look();
  call_.FinishWrite();
  seen_ = nullptr;
}

void HeardCall::Say(const v1::PlayResponse& response) {
  if (response.has_opened() && !opened_) {
    const v1::Opened& opened = response.opened();
    opened_ = true;
    initial_window_ms_ =
        std::clamp(opened.limits().initial_window_ms(), 0, kMaxInitialMs);
    resumed_ = opened.resumed();
    if (resumed_) {
      epoch_ = opened.received_epoch();
      in_epoch_ = epoch_ != 0 && !opened.received_end();
      granted_ = stream_.granted[epoch_];
    }
  }
  if (response.has_progress()) {
    const v1::Progress& progress = response.progress();
    int64_t& promised = promised_[progress.epoch()];
    promised = std::max(promised, progress.granted_frame());
    if (progress.epoch() == epoch_) Grant(std::max(granted_, promised));
  }
  if (response.has_drained()) drained_ = response.drained().epoch();
  call_.Deliver(response);
}

void HeardCall::Look() {
  const v1::PlayRequest* request = call_.writing();
  if (request == nullptr || request == seen_ || call_.over()) return;
  seen_ = request;
  if (!open_) {
    Require(request->has_open(), "Open does not come first");
    open_ = request->open();
    return;
  }
  Require(opened_, "said before Open was answered");
  switch (request->request_case()) {
    case v1::PlayRequest::kPing:
      Require(request->ping().id() > last_ping_, "a Ping goes back");
      last_ping_ = request->ping().id();
      return;
    case v1::PlayRequest::kSetVolume:
      return;
    case v1::PlayRequest::kPause:
    case v1::PlayRequest::kResume:
      return Require(epoch_ != 0, "a pause of nothing");
    case v1::PlayRequest::kBegin:
      return HearBegin(request->begin());
    default:
      HearSound(*request);
  }
  stream_.epoch = epoch_;
  stream_.position = *position_;
}

void HeardCall::HearBegin(const v1::Begin& begin) {
  Require(!in_epoch_, "an epoch within another");
  Require(begin.epoch() > epoch_, "an epoch goes back");
  epoch_ = begin.epoch();
  in_epoch_ = true;
  const bool goes_on = !resumed_ && open_->epoch() == epoch_;
  position_ = goes_on ? open_->next_frame() : 0;
  stream_.granted[epoch_] = 0;
  Grant(std::max(promised_[epoch_],
                 *position_ + int64_t{begin.format().rate_hz()} *
                                  initial_window_ms_ / 1000));
  silent_ = false;
  pre_roll_ = begin.pre_roll_frames();
}

void HeardCall::HearSound(const v1::PlayRequest& request) {
  Require(in_epoch_, "sound outside of an epoch");
  switch (request.request_case()) {
    case v1::PlayRequest::kPacket:
      return HearPacket(request.packet());
    case v1::PlayRequest::kSilence:
      Stand(request.silence().first_frame());
      silent_ = true;
      return;
    case v1::PlayRequest::kSkip:
      Stand(request.skip().first_frame());
      Require(request.skip().frame_count() > 0, "a skip of nothing");
      *position_ += request.skip().frame_count();
      Grant(granted_ + request.skip().frame_count());
      silent_ = false;
      return;
    case v1::PlayRequest::kEnd:
      Stand(request.end().end_frame());
      in_epoch_ = false;
      return;
    default:
      Require(false, "nothing is said");
  }
}

void HeardCall::HearPacket(const v1::Packet& packet) {
  Stand(packet.first_frame());
  *position_ += packet.frame_count();
  ++packets_;
  if (pre_roll_ > 0) {
    Require(packet.frame_count() == 0, "a sound in pre-roll");
    pre_roll_ -= packet_frames_;
    return;
  }
  Require(packet.frame_count() == packet_frames_, "a part of a packet");
  Require(*position_ <= granted_, "said beyond the grant");
  silent_ = false;
}

void HeardCall::Stand(int64_t position) {
  if (position_) {
    Require(silent_ ? position >= *position_ : position == *position_,
            "a gap, or a step back");
  }
  position_ = position;
}

void HeardCall::Grant(int64_t granted) {
  granted_ = granted;
  int64_t& most = stream_.granted[epoch_];
  most = std::max(most, granted_);
}

}  // namespace earshot
