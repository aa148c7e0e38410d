#include "client/playback_stream.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <random>
#include <utility>

namespace earshot {
namespace {

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::UnavailableError("the server ended the call");
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                      status.error_message());
}

}  // namespace

PlaybackStream::PlaybackStream(std::shared_ptr<grpc::Channel> channel,
                               const boost::asio::any_io_executor& executor,
                               Options options, Listener& listener)
    : channel_(std::move(channel)),
      stub_(v1::PlaybackService::NewStub(channel_)),
      executor_(executor),
      options_(std::move(options)),
      listener_(listener),
      backoff_(options_.backoff, std::random_device()()),
      timer_(executor) {}

PlaybackStream::~PlaybackStream() = default;

template <typename Function>
auto PlaybackStream::Handler(Function function) {
  return [alive = std::weak_ptr<int>(alive_), function = std::move(function)](
             const boost::system::error_code& error) {
    if (!error && !alive.expired()) function();
  };
}

void PlaybackStream::Open() {
  if (call_ == nullptr) Connect();
}

void PlaybackStream::Connect() {
  checker_ = ResponseChecker();
  open_ = useful_ = heard_ = pinged_ = false;
  go_away_.reset();
  // Backoff governs. gRPC's own waits reach two minutes where a name cannot be
  // resolved, and half a minute where it is to be resolved anew.
  if (failures_ > 0) {
    grpc::experimental::ChannelResetConnectionBackoff(channel_.get());
  }
  const Underway underway = listener_.OnConnecting();
  call_ = std::make_unique<PlayCall>(*stub_, executor_,
                                     static_cast<PlayCall::Listener&>(*this));
  auto request = call_->NewRequest();
  v1::Open& open = *request->mutable_open();
  open.set_stream(options_.stream);
  open.set_client(options_.client);
  open.mutable_labels()->insert(options_.labels.begin(), options_.labels.end());
  open.set_epoch(underway.epoch);
  open.set_next_frame(underway.next_frame);
  call_->Send(std::move(request));

  timer_.expires_after(options_.open_patience);
  timer_.async_wait(Handler([this] {
    // It may have been too late to cancel it.
    if (open_ || call_ == nullptr) return;
    EndCall(absl::DeadlineExceededError("no answer to Open"));
  }));
}

void PlaybackStream::OnResponse(v1::PlayResponse& response) {
  if (absl::Status status = checker_.Check(response); !status.ok()) {
    EndCall(status);
    return;
  }
  heard_ = true;
  switch (response.response_case()) {
    case v1::PlayResponse::kOpened:
      OnOpened(response.opened());
      break;
    case v1::PlayResponse::kProgress:
      useful_ |= response.progress().epoch() != 0;
      listener_.OnProgress(response.progress());
      break;
    case v1::PlayResponse::kDrained:
      listener_.OnDrained(response.drained());
      break;
    case v1::PlayResponse::kGoAway:
      spdlog::info("the server wants us to leave stream={} reason={} in_ms={}",
                   options_.stream,
                   v1::GoAway::Reason_Name(response.go_away().reason()),
                   response.go_away().deadline_ms());
      go_away_ = response.go_away();
      break;
    case v1::PlayResponse::RESPONSE_NOT_SET:
      break;
  }
}

void PlaybackStream::OnOpened(const v1::Opened& opened) {
  const auto& codecs = opened.limits().codecs();
  if (!codecs.empty() &&
      std::find(codecs.begin(), codecs.end(), options_.codec) == codecs.end()) {
    EndCall(absl::FailedPreconditionError("the server does not take " +
                                          v1::Codec_Name(options_.codec)));
    return;
  }
  open_ = true;
  failures_ = 0;
  spdlog::info("stream open stream={}", options_.stream);
  WaitForHeartbeat();
  listener_.OnOpen(opened);
}

void PlaybackStream::WaitForHeartbeat() {
  timer_.expires_after(options_.heartbeat);
  timer_.async_wait(Handler([this] {
    if (open_) OnHeartbeat();
  }));
}

void PlaybackStream::OnHeartbeat() {
  useful_ |= heard_;
  if (pinged_ && !heard_) {
    EndCall(absl::DeadlineExceededError("the server does not answer"));
    return;
  }
  pinged_ = !heard_;
  heard_ = false;
  if (pinged_) {
    auto request = call_->NewRequest();
    request->mutable_ping()->set_id(++last_ping_);
    call_->Send(std::move(request));
  }
  WaitForHeartbeat();
}

void PlaybackStream::OnDone(const grpc::Status& status) {
  EndCall(FromGrpc(status));
}

void PlaybackStream::EndCall(const absl::Status& reason) {
  // One call pushed out by another, again and again: two clients have the same
  // name, and the quicker they are the worse it gets.
  if (useful_ && !absl::IsAborted(reason)) backoff_.Reset();
  if (open_ || failures_ == 0) {
    spdlog::warn("stream lost stream={} reason=\"{}\"", options_.stream,
                 reason.ToString());
  } else {
    spdlog::debug("stream not opened stream={} reason=\"{}\"", options_.stream,
                  reason.ToString());
  }
  ++failures_;
  open_ = false;
  call_.reset();
  WaitAndConnect();
  listener_.OnLost(reason);
}

void PlaybackStream::WaitAndConnect() {
  timer_.expires_after(backoff_.Next());
  timer_.async_wait(Handler([this] {
    if (call_ == nullptr) Connect();
  }));
}

void PlaybackStream::Begin(const v1::Begin& begin, int64_t position) {
  checker_.OnBegin(begin.epoch(), position, begin.format().rate_hz());
  auto request = call_->NewRequest();
  *request->mutable_begin() = begin;
  call_->Send(std::move(request));
}

void PlaybackStream::SendPacket(const PacketEncoder::Packet& packet,
                                MonotonicTime captured) {
  checker_.OnSent(packet.first_frame + packet.frame_count);
  auto request = call_->NewRequest();
  v1::Packet& p = *request->mutable_packet();
  p.set_first_frame(packet.first_frame);
  p.set_frame_count(packet.frame_count);
  p.mutable_payload()->assign(
      reinterpret_cast<const char*>(packet.payload.data()),
      packet.payload.size());
  p.set_capture_time_ns(captured.time_since_epoch().count());
  call_->Send(std::move(request));
}

void PlaybackStream::SendSilence(int64_t first_frame) {
  checker_.OnSilence();
  auto request = call_->NewRequest();
  request->mutable_silence()->set_first_frame(first_frame);
  call_->Send(std::move(request));
}

void PlaybackStream::SendSkip(int64_t first_frame, int64_t frame_count,
                              v1::Skip::Reason reason) {
  checker_.OnSent(first_frame + frame_count);
  auto request = call_->NewRequest();
  v1::Skip& skip = *request->mutable_skip();
  skip.set_first_frame(first_frame);
  skip.set_frame_count(frame_count);
  skip.set_reason(reason);
  call_->Send(std::move(request));
}

void PlaybackStream::Pause() {
  auto request = call_->NewRequest();
  request->mutable_pause();
  call_->Send(std::move(request));
}

void PlaybackStream::Resume() {
  auto request = call_->NewRequest();
  request->mutable_resume();
  call_->Send(std::move(request));
}

void PlaybackStream::End(int64_t end_frame) {
  checker_.OnEnd(end_frame);
  auto request = call_->NewRequest();
  request->mutable_end()->set_end_frame(end_frame);
  call_->Send(std::move(request));
}

}  // namespace earshot
