#include "client/stream_call.h"

#include <algorithm>
#include <boost/system/error_code.hpp>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/call_status.h"

namespace earshot {

using std::chrono::milliseconds;

StreamCall::StreamCall(std::shared_ptr<grpc::Channel> channel,
                       const boost::asio::any_io_executor& executor,
                       Options options, const v1::Open& open,
                       ResponseChecker checker, Listener& listener)
    : channel_(std::move(channel)),
      options_(std::move(options)),
      listener_(listener),
      checker_(std::move(checker)),
      timer_(executor),
      call_(
          std::make_unique<PlayCall>(options_.stream(channel_), executor,
                                     static_cast<PlayCall::Listener&>(*this))) {
  checker_.OnOpen(!open.resume_token().empty());
  auto request = NewRequest();
  *request->mutable_open() = open;
  call_->Send(std::move(request));
  Wait(options_.open_patience);
}

StreamCall::~StreamCall() = default;

void StreamCall::Wait(milliseconds time) {
  timer_.expires_after(time);
  // It may have been too late to cancel the one before.
  timer_.async_wait([this, alive = std::weak_ptr<int>(alive_)](
                        const boost::system::error_code& error) {
    if (!error && !alive.expired()) OnTimer();
  });
}

void StreamCall::OnTimer() {
  if (call_ == nullptr || timer_.expiry() > std::chrono::steady_clock::now()) {
    return;
  }
  if (!open_) {
    End(absl::DeadlineExceededError("no answer to Open"));
    return;
  }
  useful_ |= heard_;
  silent_heartbeats_ = heard_ ? 0 : silent_heartbeats_ + 1;
  heard_ = false;
  if (silent_heartbeats_ >= 2) {
    End(absl::DeadlineExceededError("the server does not answer"));
    return;
  }
  Wait(playing_ ? options_.playing_heartbeat : options_.heartbeat);
  if (playing_ || silent_heartbeats_ > 0) listener_.OnPingDue(*this);
}

void StreamCall::SetPlaying(bool playing) {
  if (playing == playing_) return;
  playing_ = playing;
  if (!open_) return;
  silent_heartbeats_ = 0;
  heard_ = true;
  Wait(playing_ ? options_.playing_heartbeat : options_.heartbeat);
}

void StreamCall::OnResponse(v1::PlayResponse& response) {
  if (absl::Status status = checker_.Check(response); !status.ok()) {
    End(status);
    return;
  }
  heard_ = true;
  switch (response.response_case()) {
    case v1::PlayResponse::kOpened:
      Opened(response.opened());
      break;
    case v1::PlayResponse::kProgress:
      if (response.progress().has_ping_id() &&
          !Echo(response.progress().ping_id())) {
        End(absl::InvalidArgumentError("progress.ping_id: none was said"));
        return;
      }
      useful_ |= response.progress().epoch() != 0;
      // The window that the server grants follows the round trip.
      if (std::exchange(tell_round_trip_, false)) listener_.OnPingDue(*this);
      listener_.OnProgress(*this, response.progress());
      break;
    case v1::PlayResponse::kDrained:
      listener_.OnDrained(*this, response.drained());
      break;
    case v1::PlayResponse::kGoAway:
      listener_.OnGoAway(*this, response.go_away());
      break;
    case v1::PlayResponse::kVolume:
      listener_.OnVolume(*this, response.volume());
      break;
    case v1::PlayResponse::RESPONSE_NOT_SET:
      break;
  }
}

void StreamCall::Opened(const v1::Opened& opened) {
  const auto& codecs = opened.limits().codecs();
  if (!codecs.empty() &&
      std::find(codecs.begin(), codecs.end(), options_.codec) == codecs.end()) {
    End(absl::FailedPreconditionError(absl::StrCat(
        "the server does not take ", v1::Codec_Name(options_.codec))));
    return;
  }
  open_ = true;
  Wait(playing_ ? options_.playing_heartbeat : options_.heartbeat);
  listener_.OnOpened(*this, opened);
}

void StreamCall::OnDone(const grpc::Status& status) {
  retry_delay_ = RetryDelay(status);
  End(FromGrpcStatus(status));
}

void StreamCall::End(const absl::Status& reason) {
  open_ = false;
  call_.reset();
  timer_.cancel();
  listener_.OnOver(*this, reason);
}

void StreamCall::Send(std::unique_ptr<v1::PlayRequest> request,
                      int64_t position) {
  switch (request->request_case()) {
    case v1::PlayRequest::kBegin:
      checker_.OnBegin(request->begin().epoch(), position,
                       request->begin().format().rate_hz());
      break;
    case v1::PlayRequest::kPacket:
      checker_.OnSent(request->packet().first_frame() +
                      request->packet().frame_count());
      break;
    case v1::PlayRequest::kSilence:
      checker_.OnSilence();
      break;
    case v1::PlayRequest::kSkip:
      checker_.OnSent(request->skip().first_frame() +
                      request->skip().frame_count());
      break;
    case v1::PlayRequest::kEnd:
      checker_.OnEnd(request->end().end_frame());
      break;
    default:
      break;
  }
  call_->Send(std::move(request));
}

uint64_t StreamCall::Ping(double clock_ppm,
                          std::chrono::nanoseconds client_delay) {
  auto request = NewRequest();
  v1::Ping& ping = *request->mutable_ping();
  ping.set_id(++last_ping_);
  ping.set_clock_ppm(clock_ppm);
  ping.set_client_delay_us(
      std::chrono::duration_cast<std::chrono::microseconds>(client_delay)
          .count());
  if (round_trip_) {
    ping.set_round_trip_us(
        std::chrono::duration_cast<std::chrono::microseconds>(*round_trip_)
            .count());
  }
  ping_time_ = options_.clock();
  echoed_ = false;
  call_->Send(std::move(request));
  return last_ping_;
}

// Of several that wait, only the last is answered.
bool StreamCall::Echo(uint64_t ping_id) {
  if (ping_id > last_ping_) return false;
  if (ping_id == last_ping_ && !echoed_) {
    tell_round_trip_ = !round_trip_.has_value();
    round_trip_ = options_.clock() - ping_time_;
    echoed_ = true;
  }
  return true;
}

}  // namespace earshot
