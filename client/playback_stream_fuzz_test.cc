// A hostile server against the whole client: PlaybackStream with its calls, as
// it opens, resumes, moves and leaves them, and no network in between. Any
// order of responses, of writes that come through or do not, of calls that
// break and of servers that know nothing, while a producer says epochs.
//
// What holds: every call is well said, from Open to End, without a gap in its
// positions and never beyond what was granted; nothing is said before the
// server has answered Open, and no call is left in the middle of an epoch
// without an End; each call ends when its server ends it. And after
// all that, an honest server finds a stream that plays.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bazel/fuzz_input.h"
#include "client/fake_play_calls.h"
#include "client/heard_call.h"
#include "client/playback_stream.h"

namespace earshot {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr int kRate = 48000;
constexpr int kPacket = 480;
constexpr int kMaxSteps = 250;

class Fuzz : private PlaybackStream::Listener {
 public:
  explicit Fuzz(FuzzInput input) : input_(input) {}

  void Run() {
    const bool hasty = input_.Seldom(16);
    Make(hasty);
    for (int i = 0; i < kMaxSteps && !input_.empty(); ++i) {
      now_ += microseconds(input_.Range(0, 20000));
      Step();
      Turn();
    }
    if (!closed_ && !hasty) PlayAfterAll();
    stream_.reset();
    for (HeardCall& heard : calls_) heard.call().End(grpc::Status::CANCELLED);
    for (int i = 0; i < 10 && !calls_.empty(); ++i) Turn();
    Require(calls_.empty(), "a call that does not end");
  }

 private:
  void Make(bool hasty) {
    PlaybackStream::Options options;
    options.stream = "vms/fuzz/streams/0";
    options.backoff = {.initial = milliseconds(0),
                       .cap = milliseconds(0),
                       .idle_cap = milliseconds(0)};
    options.refused_backoff = options.backoff;
    options.look = [this](grpc::Channel&) {
      return input_.Seldom(4) ? GRPC_CHANNEL_TRANSIENT_FAILURE
                              : GRPC_CHANNEL_READY;
    };
    options.call.open_patience = options.call.heartbeat =
        options.call.playing_heartbeat = hasty ? milliseconds(0) : hours(1);
    options.call.clock = [this] { return now_; };
    options.call.stream = [this](const std::shared_ptr<grpc::Channel>&) {
      return calls_.emplace_back(kPacket, said_).call().MakeStream();
    };
    static const ServerTargets targets =
        *ServerTargets::Create("unix:/nowhere/a,unix:/nowhere/b");
    stream_ = std::make_unique<PlaybackStream>(
        targets, io_.get_executor(), std::move(options),
        static_cast<PlaybackStream::Listener&>(*this));
    stream_->Open();
  }

  void Step() {
    switch (input_.Range(0, 15)) {
      case 0:
        return stream_->SetPaused(input_.Bool(), now_);
      case 1:
        return stream_->SetVolume(
            {static_cast<double>(input_.Range(-60, 0)), input_.Bool()});
      case 2:
        if (!input_.Seldom(32)) return;
        closed_ = true;
        return stream_->Close();
      case 3:
      case 4:
      case 5:
      case 6:
      case 7:
        return Produce();
      default:
        return Serve();
    }
  }

  // What is under way goes on: writes that the client has started, calls that
  // end, and what it makes of them.
  void Turn() {
    for (auto heard = calls_.begin(); heard != calls_.end();) {
      const auto next = std::next(heard);
      heard->Look();
      Require(closed_ || heard->call().over() || !heard->in_epoch() ||
                  !heard->call().writes_done(),
              "a call is left without an End");
      if (heard->call().canceled()) heard->call().End(grpc::Status::CANCELLED);
      if (!heard->call().Settle()) calls_.erase(heard);
      heard = next;
    }
    io_.restart();
    for (int i = 0; i < 64 && io_.poll_one() > 0; ++i) {
    }
  }

  // --- The producer.

  void Produce() {
    if (!in_epoch_) {
      v1::Begin begin;
      begin.set_epoch(++epoch_);
      begin.mutable_format()->set_rate_hz(kRate);
      begin.mutable_format()->set_channels(2);
      begin.set_codec(v1::CODEC_OPUS);
      in_epoch_ = codec_start_ = true;
      silent_ = false;
      next_ = 0;
      return stream_->Begin(begin);
    }
    if (silent_) next_ += kPacket * input_.Range(0, 5);
    switch (input_.Range(0, 11)) {
      case 0:
        in_epoch_ = false;
        return stream_->End(next_);
      case 1:
        if (silent_) return;
        silent_ = true;
        return stream_->AddSilence(next_);
      case 2:
        return Skip();
      case 3:
        if (stream_->ForgetSoundless()) in_epoch_ = false;
        return;
      default:
        for (int i = input_.Range(1, 8); i > 0; --i) Packet();
    }
  }

  void Packet() {
    static const std::vector<uint8_t> kPayload(40);
    stream_->AddPacket({next_, kPacket, kPayload, kPacket, codec_start_}, now_);
    codec_start_ = silent_ = false;
    next_ += kPacket;
  }

  void Skip() {
    const int64_t frames = input_.Range(1, 2000);
    const int64_t first = next_;
    next_ += frames;
    codec_start_ = true;
    silent_ = false;
    stream_->AddSkip(first, frames, v1::Skip::REASON_OUTAGE);
  }

  int64_t QuietEnd() override { return next_; }
  bool IsStale() override {
    stale_ = in_epoch_ && input_.Seldom(8);
    return stale_;
  }
  void OnOpen(bool) override {
    if (!std::exchange(stale_, false) || !in_epoch_) return;
    next_ = std::min(next_, stream_->end());
    Skip();
  }
  void OnLost(const absl::Status&) override {}
  void OnLoss(const SendLog::Loss& loss) override {
    Require(loss.frames >= 0, "less than nothing is lost");
  }
  void OnProgress(const v1::Progress&) override {}
  void OnDrained(const v1::Drained&) override {}
  void OnVolume() override {}

  // --- The server.

  void Serve() {
    if (calls_.empty()) return;
    auto heard = calls_.begin();
    std::advance(heard, input_.Range<size_t>(0, calls_.size() - 1));
    if (input_.Bool()) return heard->Take();
    if (input_.Seldom(12)) {
      return heard->call().End(grpc::Status(
          static_cast<grpc::StatusCode>(input_.Range(0, 16)), "over"));
    }
    if (heard->call().reading()) heard->Say(Response(*heard));
  }

  v1::PlayResponse Response(const HeardCall& heard) {
    v1::PlayResponse response;
    switch (input_.Range(0, 11)) {
      case 0:
        response.mutable_go_away()->set_deadline_ms(input_.Int<int32_t>());
        break;
      case 1:
        response.mutable_drained()->set_epoch(input_.Seldom(4) ? input_.Int()
                                                               : heard.epoch());
        response.mutable_drained()->set_played_frame(
            Near(heard.position().value_or(0)));
        break;
      case 2:
        response.mutable_volume()->set_gain_db(input_.Range(-80, 20));
        response.mutable_volume()->set_mute(input_.Bool());
        break;
      case 3:
        if (!response.ParseFromString(input_.Text(input_.Int()))) {
          response.Clear();
        }
        break;
      default:
        if (heard.opened() && !input_.Seldom(16)) {
          MakeProgress(heard, *response.mutable_progress());
        } else {
          MakeOpened(heard, *response.mutable_opened());
        }
    }
    return response;
  }

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

  void MakeProgress(const HeardCall& heard, v1::Progress& progress) {
    const int64_t position = heard.position().value_or(0);
    progress.set_epoch(input_.Seldom(8) ? input_.Int() : heard.epoch());
    progress.set_received_frame(Near(position));
    progress.set_played_frame(
        Near(std::max<int64_t>(0, position - input_.Int<uint16_t>())));
    progress.set_granted_frame(Near(position + input_.Int<uint16_t>()));
    if (input_.Bool()) progress.set_margin_error_us(input_.Int<int16_t>());
    if (input_.Bool()) {
      progress.set_ping_id(heard.last_ping() + (input_.Seldom(16) ? 1 : 0));
    }
  }

  void MakeOpened(const HeardCall& heard, v1::Opened& opened) {
    opened.set_resume_token("token");
    opened.mutable_limits()->set_initial_window_ms(
        input_.Seldom(8) ? input_.Int<int32_t>() : input_.Pick({0, 20, 200}));
    if (input_.Seldom(16)) opened.mutable_limits()->add_codecs(v1::CODEC_OPUS);
    opened.set_resumed(heard.open().has_value() &&
                       !heard.open()->resume_token().empty() && input_.Bool());
    if (!opened.resumed()) return;
    opened.set_received_epoch(input_.Seldom(8) ? input_.Int() : said_.epoch);
    opened.set_received_frame(
        Near(said_.position - kPacket * input_.Range<int64_t>(0, 20)));
    opened.set_received_end(input_.Bool());
  }

  // --- Afterwards.

  // Every server is honest now, and knows nothing.
  void PlayAfterAll() {
    // What was said comes through first.
    for (int i = 0; i < 60; ++i) {
      for (HeardCall& heard : calls_) {
        if (!heard.call().over()) heard.Take();
      }
      Turn();
    }
    if (in_epoch_) stream_->End(next_);
    in_epoch_ = silent_ = false;
    // A server that lied, or promised what it does not know, is left.
    for (HeardCall& heard : calls_) heard.call().End(grpc::Status::CANCELLED);
    for (int i = 0; i < 2000; ++i) {
      Turn();
      if (stream_->is_open() && !in_epoch_) Produce();
      for (HeardCall& heard : calls_) {
        if (heard.epoch() == epoch_ && heard.packets() > 0 && in_epoch_) return;
        if (heard.call().over()) continue;
        heard.Take();
        if (!heard.open() || !heard.call().reading()) continue;
        v1::PlayResponse response;
        if (!heard.opened()) {
          response.mutable_opened()->mutable_limits()->set_initial_window_ms(
              200);
        } else if (!heard.in_epoch() && heard.drained() < heard.epoch()) {
          response.mutable_drained()->set_epoch(heard.epoch());
          response.mutable_drained()->set_played_frame(*heard.position());
        } else if (heard.position()) {
          // In silence the clocks go on.
          const int64_t position =
              *heard.position() + (heard.silent() ? i * kPacket : 0);
          v1::Progress& progress = *response.mutable_progress();
          progress.set_epoch(heard.epoch());
          progress.set_played_frame(position);
          progress.set_received_frame(position);
          progress.set_granted_frame(
              std::max(heard.granted(), position + kRate / 5));
        }
        heard.Say(response);
      }
      if (in_epoch_ && next_ == 0) Packet();
    }
    Require(false, "does not play after all");
  }

  FuzzInput input_;
  MonotonicTime now_ = MonotonicTime() + hours(1);
  boost::asio::io_context io_;
  std::unique_ptr<PlaybackStream> stream_;
  bool closed_ = false;
  // The producer.
  uint64_t epoch_ = 0;
  bool in_epoch_ = false;
  bool silent_ = false;
  bool stale_ = false;
  bool codec_start_ = true;
  int64_t next_ = 0;  // where what follows begins
  // The server, or servers.
  HeardCall::Stream said_;
  std::list<HeardCall> calls_;
};

}  // namespace
}  // namespace earshot

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  spdlog::set_level(spdlog::level::off);
  earshot::Fuzz(earshot::FuzzInput(data, size)).Run();
  return 0;
}
