// Clients that say anything, in the order of a grammar: several calls open the
// same stream or another, go on with it by its token, push each other out,
// break and come back, and play epochs whose positions mostly fit. What a call
// says that does not speak for the stream (any longer) is refused; the
// accounting holds; what is held stays bounded; and every stream ends.
//
// The calls do with registry, entries and sessions what PlayReactor does,
// without gRPC and in virtual time.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "bazel/fuzz_input.h"
#include "proto/earshot/v1/playback.pb.h"
#include "server/request_check.h"
#include "server/session.h"
#include "server/stream_entry.h"
#include "server/stream_registry.h"

namespace earshot {
namespace {

using std::chrono::milliseconds;

constexpr int kCalls = 3;
constexpr milliseconds kResume{200};

void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

// One call, and what its client knows.
struct Call {
  std::shared_ptr<StreamEntry> entry;
  uint64_t id = 0;
  // Of this call alone: the stream of one before may tell that one late.
  std::shared_ptr<bool> pushed_out = std::make_shared<bool>(false);
  // Of an Open at a server that knew nothing.
  uint64_t resumed_epoch = 0;
  int64_t next_frame = 0;

  std::string stream = "vms/a/streams/0";
  std::string token;
  uint64_t epoch = 0;
  int64_t position = 0;
  int rate_hz = 48000;
  int channels = 1;
  uint64_t progress_epoch = 0;
  int64_t granted = 0;
};

class Fuzz {
 public:
  explicit Fuzz(FuzzInput input) : input_(input) {}

  void Run() {
    for (int i = 0; i < 80 && !input_.empty(); ++i) {
      Call& call = calls_[input_.Range(0, kCalls - 1)];
      Step(call);
      PlayAll(input_.Range(0, 20));
    }
    for (Call& call : calls_) Leave(call, /*lost=*/input_.Bool());
    for (int i = 0; i < 200 && !entries_.empty(); ++i) PlayAll(50);
    Require(entries_.empty(), "a stream does not end");
    Require(registry_.OpenEntries().empty(), "a closed stream is open");
  }

 private:
  void Step(Call& call) {
    if (call.entry == nullptr) return Open(call);
    switch (input_.Range(0, 15)) {
      case 0:
        return Leave(call, /*lost=*/true);
      case 1:
        return Leave(call, /*lost=*/false);
      case 2:
        return Raw(call);
      case 3:
        return Begin(call);
      default:
        return Say(call);
    }
  }

  // What a position would be, mostly.
  int64_t Near(int64_t position) {
    switch (input_.Range(0, 15)) {
      case 0:
        return position + input_.Int<int16_t>();
      case 1:
        return input_.Int<int64_t>();
      default:
        return position;
    }
  }

  void Open(Call& call) {
    if (input_.Seldom(4)) {
      call.stream = input_.Pick<std::string>(
          {"vms/a/streams/0", "vms/a/streams/1", "vms/a", "vms//streams/0"});
    }
    v1::Open open;
    open.set_stream(call.stream);
    if (!input_.Seldom(4)) open.set_resume_token(call.token);
    if (input_.Seldom(8)) open.set_resume_token(input_.Text(16));
    open.set_epoch(input_.Bool() ? call.epoch : input_.Int());
    open.set_next_frame(open.epoch() == 0 ? 0 : Near(call.position));
    if (input_.Seldom(8)) {
      (*open.mutable_labels())[input_.Text(input_.Int() % 80)] =
          input_.Text(input_.Int() % 80);
    }
    StreamInfo info;
    if (!CheckOpen(open, &info).ok()) return;
    // Of the last call, what a client keeps.
    Call next;
    next.stream = call.stream;
    next.token = call.token;
    next.epoch = call.epoch;
    next.position = call.position;
    next.rate_hz = call.rate_hz;
    next.channels = call.channels;
    call = next;
    const CallHandle handle = {
        [pushed_out = call.pushed_out](const Refusal&) { *pushed_out = true; },
        [](int) {}, [] {}};
    if (auto entry = registry_.FindOpen(info.name);
        entry != nullptr && !open.resume_token().empty()) {
      auto attached =
          entry->Resume(open.resume_token(), info, handle, open.epoch(), now_);
      if (attached.has_value()) {
        Require(open.resume_token() == entry->token(), "the wrong token");
        Require(attached->attachment.resumed, "not resumed");
        call.entry = entry;
        call.id = attached->attachment.call;
        call.epoch = attached->attachment.received_epoch;
        call.position = attached->attachment.received_frame;
        if (attached->before.end) {
          attached->before.end({Reason::kTakenOver, "", ""});
        }
        return;
      }
    }
    auto entry = std::make_shared<StreamEntry>(info, config_);
    const auto attached = entry->Attach(info, handle, 0, now_);
    std::shared_ptr<StreamEntry> replaced;
    Require(attached.has_value() && !attached->attachment.resumed,
            "a new stream takes no call");
    if (!registry_.Add(entry, Quotas(), &replaced).ok()) return;
    if (replaced != nullptr) {
      replaced->Replace({Reason::kTakenOver, "", ""}, now_);
    }
    entries_.push_back(entry);
    call.entry = entry;
    call.id = attached->attachment.call;
    call.token = entry->token();
    call.resumed_epoch = open.epoch();
    call.next_frame = open.next_frame();
  }

  void Begin(Call& call) {
    v1::Begin begin;
    begin.set_epoch(input_.Seldom(8) ? input_.Int() : call.epoch + 1);
    begin.mutable_format()->set_rate_hz(
        input_.Pick({48000, 48000, 44100, 8000, 192000, 7999, -1}));
    const int channels = input_.Range(0, 9);
    begin.mutable_format()->set_channels(channels);
    if (input_.Seldom(4)) {
      for (int i = 0; i < channels; ++i) {
        begin.mutable_format()->add_positions(
            static_cast<v1::ChannelPosition>(input_.Int()));
      }
    }
    begin.set_codec(input_.Bool() ? v1::CODEC_PCM_S16LE
                                  : static_cast<v1::Codec>(input_.Int() % 4));
    if (input_.Seldom(4)) begin.set_pre_skip_frames(input_.Int<int32_t>());
    if (input_.Seldom(4)) begin.set_pre_roll_frames(input_.Int<int16_t>());
    begin.set_low_latency(input_.Bool());
    if (input_.Seldom(4)) begin.set_guest_rate_hz(input_.Int<int32_t>());
    EpochParams params;
    if (!CheckBegin(begin, &params).ok()) return Leave(call, false);
    if (params.epoch == call.resumed_epoch) {
      params.first_frame = call.next_frame;
    }
    if (!Took(call, call.entry->session()->Begin(call.id, params, now_))) {
      return;
    }
    call.resumed_epoch = 0;
    call.epoch = params.epoch;
    call.position = params.first_frame;
    call.rate_hz = params.rate_hz;
    call.channels = params.channels;
  }

  void Say(Call& call) {
    v1::PlayRequest request;
    int64_t end = call.position;
    switch (input_.Range(0, 12)) {
      case 0:
        request.mutable_silence()->set_first_frame(end = Near(call.position));
        break;
      case 1: {
        const int64_t count = Near(input_.Int<uint16_t>());
        request.mutable_skip()->set_first_frame(Near(call.position));
        request.mutable_skip()->set_frame_count(count);
        end = call.position + (count & 0xffff);
        break;
      }
      case 2:
        request.mutable_pause();
        break;
      case 3:
        request.mutable_resume();
        break;
      case 4:
        request.mutable_end()->set_end_frame(Near(call.position));
        break;
      case 5:
        request.mutable_ping()->set_id(input_.Int<uint64_t>());
        request.mutable_ping()->set_clock_ppm(input_.Int<double>());
        request.mutable_ping()->set_round_trip_us(Near(20000));
        break;
      case 6:
        request.mutable_set_volume()->mutable_volume()->set_gain_db(
            input_.Int<float>());
        request.mutable_set_volume()->mutable_volume()->set_mute(input_.Bool());
        break;
      default: {
        const int64_t frames = input_.Range<int64_t>(1, 480);
        v1::Packet& packet = *request.mutable_packet();
        packet.set_first_frame(Near(call.position));
        packet.set_frame_count(input_.Seldom(16) ? input_.Int<int32_t>()
                                                 : frames);
        packet.set_payload(input_.Seldom(8)
                               ? input_.Text(input_.Int<uint16_t>() % 2000)
                               : std::string(frames * call.channels * 2, '\1'));
        end = call.position + frames;
      }
    }
    if (Took(call,
             Apply(&request, call.entry->session().get(), call.id, now_))) {
      call.position = end;
    }
  }

  // Bytes as a request.
  void Raw(Call& call) {
    v1::PlayRequest request;
    if (!request.ParseFromString(input_.Text(input_.Int()))) return;
    if (request.has_open() || request.has_begin()) return;
    Took(call, Apply(&request, call.entry->session().get(), call.id, now_));
  }

  // Whether it was taken. A refusal ends the call.
  bool Took(Call& call, const Refusal& refusal) {
    Require(!refusal.ok() || !*call.pushed_out,
            "a call that was pushed out is heard");
    if (!refusal.ok()) Leave(call, /*lost=*/false);
    return refusal.ok();
  }

  void Leave(Call& call, bool lost) {
    if (call.entry == nullptr) return;
    if (lost) {
      call.entry->session()->CallLost(call.id, kResume, now_);
    } else {
      call.entry->session()->CloseRequests(call.id, now_);
    }
    call.entry = nullptr;
  }

  // What the server says to a call is its to hear, and never goes back.
  void Hear(Call& call) {
    if (call.entry == nullptr) return;
    Session& session = *call.entry->session();
    const auto volume = session.TakeVolume(call.id);
    const auto drained = session.TakeDrained(call.id);
    const auto progress = session.TakeProgress(call.id, now_);
    if (*call.pushed_out) {
      Require(!volume && !drained && !progress, "a pushed out call is told");
      return;
    }
    if (drained) Require(drained->epoch <= call.epoch, "drained too early");
    if (!progress || progress->epoch == 0) return;
    Require(progress->played_frame <= progress->received_frame,
            "played before it was received");
    if (progress->epoch == call.progress_epoch) {
      Require(progress->granted_frame >= call.granted, "a grant goes back");
    }
    call.progress_epoch = progress->epoch;
    call.granted = progress->granted_frame;
  }

  void PlayAll(int ms) {
    now_ += milliseconds(ms);
    for (size_t i = 0; i < entries_.size();) {
      Play(*entries_[i]->session(), ms);
      if (!entries_[i]->session()->closed()) {
        ++i;
        continue;
      }
      registry_.Close(entries_[i], now_);
      entries_.erase(entries_.begin() + static_cast<ptrdiff_t>(i));
    }
    for (Call& call : calls_) Hear(call);
  }

  void Play(Session& session, int ms) {
    session.Tick(milliseconds(0), now_);
    const EpochStats stats = session.Stats(now_).epoch;
    Require(stats.produced_frames == stats.played_frames + stats.queued_frames +
                                         stats.skipped_frames,
            "the accounting");
    Require(stats.queued_frames >= 0 &&
                stats.queued_frames <= int64_t{kMaxRateHz} * 1900 / 1000,
            "more is held than any window grants");
    const auto params = session.PlayingEpoch();
    if (!params.has_value()) return;
    pcm_.resize(static_cast<size_t>(int64_t{params->rate_hz} * ms / 1000) *
                static_cast<size_t>(params->channels));
    const PlayOutResult result = session.PlayOut(absl::MakeSpan(pcm_), now_);
    Require(result.silence_frames >= 0 && result.media_frames >= 0 &&
                result.media_frames * params->channels <=
                    static_cast<int64_t>(pcm_.size()),
            "more was played than there is room");
    if (session.EpochPlayed()) session.FinishEpoch(now_);
  }

  FuzzInput input_;
  const PlayoutConfig config_;
  MonotonicTime now_ = MonotonicTime() + std::chrono::hours(1);
  StreamRegistry registry_;
  std::vector<std::shared_ptr<StreamEntry>> entries_;  // that play
  Call calls_[kCalls];
  std::vector<float> pcm_;
};

}  // namespace
}  // namespace earshot

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  earshot::Fuzz(earshot::FuzzInput(data, size)).Run();
  return 0;
}
