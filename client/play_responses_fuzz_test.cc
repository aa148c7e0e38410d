// A hostile server against what a client decides with: any order of responses,
// with positions that mostly fit, calls that break, and servers that go on or
// know nothing, while a producer says epochs. The client says its log as
// PlaybackStream does: never beyond what was granted, its positions without a
// gap, its packets whole, and its clock steered within bounds, whatever the
// server says.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "bazel/fuzz_input.h"
#include "client/credit_window.h"
#include "client/margin_steering.h"
#include "client/pacing_clock.h"
#include "client/played_position.h"
#include "client/response_checker.h"
#include "client/send_log.h"

namespace earshot {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr int kRate = 48000;
constexpr int kPacket = 480;
// Beyond what the steering ever asks for: a catch-up of 8 %.
constexpr double kMaxPpm = 100000;

void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

class Fuzz {
 public:
  explicit Fuzz(FuzzInput input) : input_(input) {
    clock_.Reset(kRate);
    clock_.Start(now_);
  }

  void Run() {
    Connect();
    for (int i = 0; i < 300 && !input_.empty(); ++i) {
      now_ += microseconds(input_.Range(0, 20000));
      if (input_.Bool()) {
        Produce();
      } else {
        Hear();
      }
      if (open_) Pump();
      Require(std::abs(clock_.ppm()) <= kMaxPpm, "steered too far");
      const int64_t position = clock_.Position(now_);
      Require(position >= clock_position_, "the clock goes back");
      clock_position_ = position;
    }
  }

 private:
  // --- The producer.

  void Produce() {
    if (!log_.in_epoch()) {
      v1::Begin begin;
      begin.set_epoch(++epoch_);
      begin.mutable_format()->set_rate_hz(kRate);
      begin.mutable_format()->set_channels(2);
      if (input_.Bool()) begin.set_pre_skip_frames(120);
      begin.set_codec(v1::CODEC_OPUS);
      log_.Begin(begin);
      next_ = 0;
      codec_start_ = true;
      played_.Reset(kRate);
      return;
    }
    // Silence, which goes on.
    if (log_.in_silence()) next_ += kPacket * input_.Range(0, 5);
    switch (input_.Range(0, 11)) {
      case 0:
        log_.End(next_);
        return;
      case 1:
        if (!log_.in_silence()) log_.AddSilence(next_);
        return;
      case 2:
        return Skip();
      case 3:
        if (log_.ForgetSoundless()) return;
        break;
      case 4:
        if (log_.in_silence()) return;
        break;
      default:
        break;
    }
    static const std::vector<uint8_t> kPayload(40);
    PacketEncoder::Packet packet;
    packet.first_frame = next_;
    packet.frame_count = kPacket;
    packet.payload = kPayload;
    packet.decoded_frames = kPacket;
    packet.codec_start = codec_start_;
    log_.AddPacket(packet, now_);
    codec_start_ = false;
    next_ += kPacket;
  }

  void Skip() {
    const int64_t frames = input_.Range(1, 2000);
    log_.AddSkip(next_, frames, v1::Skip::REASON_OUTAGE);
    next_ += frames;
    codec_start_ = true;
  }

  // --- The call.

  void Connect() {
    restart_ = log_.PlanRestart(now_, milliseconds(5), std::nullopt, next_);
    token_shown_ = has_token_;
    checker_.OnOpen(token_shown_);
    open_ = false;
  }

  void Over(bool lied) {
    if (lied) has_token_ = false;
    open_ = false;
    Connect();
  }

  void Pump() {
    while (const auto next = log_.Next()) {
      if (next->needed_grant > credit_.granted_frame()) break;
      v1::PlayRequest request;
      const SendLog::Message message = log_.Say(request);
      Tell(request, message);
    }
    Require(log_.said_epoch() != credit_epoch_ ||
                log_.said_position() <=
                    std::max(credit_.granted_frame(), free_position_),
            "said beyond the grant");
  }

  // Notes what is said, as StreamCall does, and that it is well said.
  void Tell(const v1::PlayRequest& request, const SendLog::Message& message) {
    switch (request.request_case()) {
      case v1::PlayRequest::kBegin:
        Require(request.begin().epoch() > said_epoch_, "an epoch goes back");
        said_epoch_ = request.begin().epoch();
        checker_.OnBegin(said_epoch_, message.end, kRate);
        credit_.Begin(message.end, message.rate_hz * initial_ms_ / 1000);
        credit_epoch_ = message.epoch;
        said_ = message.end;
        free_position_ = message.end;
        silent_ = false;
        pre_roll_ = request.begin().pre_roll_frames();
        break;
      case v1::PlayRequest::kPacket:
        CheckPosition(request.packet().first_frame());
        if (pre_roll_ > 0) {
          Require(request.packet().frame_count() == 0, "a sound in pre-roll");
          pre_roll_ -= kPacket;
          break;
        }
        Require(request.packet().frame_count() == kPacket,
                "a part of a packet");
        said_ = request.packet().first_frame() + request.packet().frame_count();
        checker_.OnSent(said_);
        Require(message.needed_grant <= credit_.granted_frame(),
                "a packet beyond the grant");
        silent_ = false;
        break;
      case v1::PlayRequest::kSilence:
        CheckPosition(request.silence().first_frame());
        checker_.OnSilence();
        silent_ = true;
        break;
      case v1::PlayRequest::kSkip:
        CheckPosition(request.skip().first_frame());
        said_ = request.skip().first_frame() + request.skip().frame_count();
        checker_.OnSent(said_);
        // It uses no credit.
        free_position_ = std::max(free_position_, said_);
        silent_ = false;
        break;
      case v1::PlayRequest::kEnd:
        CheckPosition(request.end().end_frame());
        checker_.OnEnd(request.end().end_frame());
        break;
      default:
        Require(false, "nothing is said");
    }
    credit_.Skip(message.skipped);
  }
  void CheckPosition(int64_t position) {
    Require(silent_ ? position >= said_ : position == said_,
            "a gap, or a step back");
    if (silent_) {
      said_ = position;
      free_position_ = std::max(free_position_, said_);
    }
  }

  // --- The server.

  int64_t Near(int64_t position) {
    switch (input_.Range(0, 15)) {
      case 0:
        return input_.Int<int64_t>();
      case 1:
      case 2:
        return position + input_.Int<int16_t>();
      default:
        return position;
    }
  }

  void Hear() {
    v1::PlayResponse response;
    switch (input_.Range(0, 9)) {
      case 0:
        return Over(/*lied=*/false);  // it broke
      case 1:
        response.mutable_go_away()->set_deadline_ms(input_.Int<int32_t>());
        break;
      case 2:
        response.mutable_drained()->set_epoch(input_.Seldom(4) ? input_.Int()
                                                               : said_epoch_);
        response.mutable_drained()->set_played_frame(Near(said_));
        break;
      case 3:
        if (!response.ParseFromString(input_.Text(input_.Int()))) return;
        break;
      default:
        if (open_ && !input_.Seldom(16)) {
          MakeProgress(*response.mutable_progress());
        } else {
          MakeOpened(*response.mutable_opened());
        }
    }
    if (!checker_.Check(response).ok()) return Over(/*lied=*/true);
    Take(response);
  }

  void MakeProgress(v1::Progress& progress) {
    progress.set_epoch(input_.Seldom(8) ? input_.Int() : log_.said_epoch());
    progress.set_received_frame(Near(said_));
    progress.set_played_frame(
        Near(std::max<int64_t>(0, said_ - input_.Int<uint16_t>())));
    progress.set_granted_frame(Near(said_ + input_.Int<uint16_t>()));
    if (!input_.Seldom(4)) {
      progress.set_margin_error_us(input_.Seldom(8) ? input_.Int<int64_t>()
                                                    : input_.Int<int16_t>());
    }
    progress.set_target_margin_us(input_.Seldom(8) ? input_.Int<int64_t>()
                                                   : input_.Int<uint16_t>());
  }

  void MakeOpened(v1::Opened& opened) {
    opened.set_resume_token("token");
    opened.mutable_limits()->set_initial_window_ms(
        input_.Seldom(8) ? input_.Int<int32_t>() : 200);
    opened.set_resumed(token_shown_ && input_.Bool());
    if (!opened.resumed()) return;
    opened.set_received_epoch(input_.Seldom(8) ? input_.Int() : said_epoch_);
    opened.set_received_frame(
        Near(said_ - kPacket * input_.Range<int64_t>(0, 20)));
    opened.set_received_end(input_.Bool());
  }

  void Take(const v1::PlayResponse& response) {
    if (response.has_opened()) return Opened(response.opened());
    if (response.has_drained())
      return log_.OnDrained(response.drained().epoch());
    if (!response.has_progress()) return;
    const v1::Progress& progress = response.progress();
    log_.OnProgress(progress, now_);
    if (progress.epoch() != 0 && progress.epoch() == log_.said_epoch()) {
      credit_.Grant(progress.granted_frame());
      played_.OnSaid(progress.played_frame(), milliseconds(5), now_,
                     log_.in_silence());
      played_.At(now_);
    }
    if (progress.has_margin_error_us()) {
      // As PlayerCore bounds them.
      const auto error = std::clamp<int64_t>(progress.margin_error_us(),
                                             -3600000000, 3600000000);
      const auto target =
          std::clamp<int64_t>(progress.target_margin_us(), 0, 1000000);
      steering_.OnError(microseconds(error), now_, microseconds(target));
    } else {
      steering_.Hold();
    }
    clock_.SetPpm(steering_.ppm(), now_);
    if (input_.Seldom(4)) log_.Confirm();
  }

  void Opened(const v1::Opened& opened) {
    if (opened.resumed()) {
      if (!log_.Resume(opened.received_epoch(), opened.received_frame(),
                       opened.received_end())) {
        return Over(/*lied=*/true);
      }
      credit_.Resume();
      if (log_.said_epoch() != credit_epoch_) {
        credit_epoch_ = log_.said_epoch();
        credit_.Begin(log_.furthest_said(), 0);
      }
      const uint64_t named = std::min(restart_.epoch, opened.received_epoch());
      if (named > 1) log_.OnDrained(named - 1);
    } else {
      for (const SendLog::Loss& loss : log_.Restart(restart_)) {
        Require(loss.frames >= 0, "less than nothing is lost");
      }
    }
    open_ = true;
    has_token_ = true;
    initial_ms_ = opened.limits().initial_window_ms();
    Require(initial_ms_ >= 0 && initial_ms_ <= 2000, "a window of any size");
    // What follows goes on from there.
    said_epoch_ = opened.resumed() ? log_.said_epoch() : 0;
    said_ = log_.said_position();
    free_position_ = std::max(said_, log_.furthest_said());
    silent_ = false;
    pre_roll_ = 0;
    if (!input_.Seldom(8) || !log_.in_epoch()) return;
    // It had become stale: the producer goes on with a skip.
    log_.DropUnsaid();
    next_ = log_.end();
    Skip();
  }

  FuzzInput input_;
  MonotonicTime now_ = MonotonicTime() + std::chrono::hours(1);
  SendLog log_;
  CreditWindow credit_;
  ResponseChecker checker_;
  MarginSteering steering_;
  PacingClock clock_;
  PlayedPosition played_;
  int64_t clock_position_ = 0;
  // The producer.
  uint64_t epoch_ = 0;
  int64_t next_ = 0;  // where what follows begins
  bool codec_start_ = true;
  // The call.
  SendLog::Point restart_;
  bool open_ = false;
  bool has_token_ = false;
  bool token_shown_ = false;
  int64_t initial_ms_ = 0;
  uint64_t credit_epoch_ = 0;
  // What was said on it.
  uint64_t said_epoch_ = 0;
  int64_t said_ = 0;
  int64_t free_position_ = 0;  // where no grant is needed
  bool silent_ = false;
  int pre_roll_ = 0;  // frames of it that are still to come
};

}  // namespace
}  // namespace earshot

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  earshot::Fuzz(earshot::FuzzInput(data, size)).Run();
  return 0;
}
