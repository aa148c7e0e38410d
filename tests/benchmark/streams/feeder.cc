#include "tests/benchmark/streams/feeder.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace earshot {
namespace {

constexpr int kRate = 48000;
// As devices do, while they play and while they do not.
constexpr std::chrono::milliseconds kPingPlaying{1000};
constexpr std::chrono::milliseconds kPingIdle{8000};
// What may be sent before a grant is heard: see Begin.
constexpr int64_t kInitialWindow = kRate / 1000 * 200;
// What is more than the server wants, of which devices get rid by a slower
// clock.
constexpr std::chrono::microseconds kFarAhead{15000};

}  // namespace

Feeder::Feeder(H2Connection* connection, int number, int packet_frames,
               Says says, bool grants, MonotonicTime now)
    : connection_(connection),
      packet_frames_(packet_frames),
      says_(says),
      began_(now),
      next_ping_(now + kPingPlaying),
      granted_(grants ? kInitialWindow : std::numeric_limits<int64_t>::max()) {
  call_ = connection_->StartCall("/earshot.v1.PlaybackService/Play", this);
  request_.mutable_open()->set_stream("vms/fed" + std::to_string(number) +
                                      "/streams/0");
  Say();
  if (says_ == Says::kNothing) return;
  v1::Begin& begin = *request_.mutable_begin();
  begin.set_epoch(1);
  begin.mutable_format()->set_rate_hz(kRate);
  begin.mutable_format()->set_channels(2);
  begin.set_codec(v1::CODEC_OPUS);
  Say();
  if (says_ == Says::kSound) return;
  request_.mutable_silence()->set_first_frame(0);
  Say();
}

bool Feeder::Turn(const std::vector<std::string>& packets, MonotonicTime now) {
  if (over_) return true;
  if (says_ == Says::kSound && !std::exchange(far_ahead_, false)) {
    if (position_ + packet_frames_ <= granted_) {
      SayPacket(packets[static_cast<size_t>(sent_) % packets.size()]);
    } else {
      ++stalled_;
    }
  }
  if (now >= next_ping_) {
    next_ping_ += says_ == Says::kNothing ? kPingIdle : kPingPlaying;
    request_.mutable_ping()->set_id(++pings_);
    Say();
  }
  return connection_->Flush();
}

void Feeder::OnMessage(std::string_view message) {
  answered_ = true;
  if (!response_.ParseFromArray(message.data(),
                                static_cast<int>(message.size())) ||
      !response_.has_progress()) {
    return;
  }
  granted_ = std::max(granted_, response_.progress().granted_frame());
  far_ahead_ = response_.progress().margin_error_us() > kFarAhead.count();
}

void Feeder::OnEnd(const std::string& code, const std::string& message) {
  over_ = true;
  end_ = code + ": " + message;
}

void Feeder::SayPacket(const std::string& payload) {
  v1::Packet& packet = *request_.mutable_packet();
  packet.set_first_frame(position_);
  packet.set_frame_count(packet_frames_);
  packet.set_payload(payload);
  position_ += packet_frames_;
  ++sent_;
  Say();
}

void Feeder::Say() {
  request_.SerializeToString(&bytes_);
  connection_->Send(call_, bytes_);
}

}  // namespace earshot
