// A client that says anything: PlayRequests, each behind a byte with its
// length and one with the ms until the next. Whatever is taken, the accounting
// holds and what is held stays bounded.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "absl/types/span.h"
#include "proto/earshot/v1/playback.pb.h"
#include "server/request_check.h"
#include "server/session.h"

namespace {

using earshot::EpochParams;
using earshot::EpochStats;
using earshot::MonotonicTime;
using earshot::Session;

void Check(bool holds) {
  if (!holds) std::abort();
}

void CheckAccounting(const EpochStats& stats) {
  Check(stats.produced_frames ==
        stats.played_frames + stats.queued_frames + stats.skipped_frames);
  Check(stats.played_frames >= 0 && stats.queued_frames >= 0 &&
        stats.skipped_frames >= 0);
  // The widest window of the highest rate, and no more.
  Check(stats.queued_frames <= int64_t{earshot::kMaxRateHz} * 1900 / 1000);
}

// An Open where there is a call already is another one that goes on.
bool Take(earshot::v1::PlayRequest* request, Session* session, uint64_t* call,
          MonotonicTime now) {
  if (request->has_open()) {
    session->CallLost(*call, std::chrono::milliseconds(100), now);
    const auto attachment = session->Attach(request->open().epoch(), now);
    if (!attachment.has_value()) return false;
    *call = attachment->call;
    Check(attachment->resumed && attachment->received_frame >= 0);
    return true;
  }
  if (!request->has_begin()) {
    return earshot::Apply(request, session, *call, now).ok();
  }
  EpochParams params;
  return earshot::CheckBegin(request->begin(), &params).ok() &&
         session->Begin(*call, params, now).ok();
}

void Play(Session* session, int ms, MonotonicTime now) {
  session->Tick(std::chrono::milliseconds(0), now);
  const auto params = session->PlayingEpoch();
  if (!params.has_value()) return;
  std::vector<float> out(static_cast<size_t>(params->rate_hz / 1000 * ms) *
                         static_cast<size_t>(params->channels));
  const auto result = session->PlayOut(absl::MakeSpan(out), now);
  Check(result.silence_frames >= 0 && result.media_frames >= 0);
  Check(result.media_frames * params->channels <=
        static_cast<int64_t>(out.size()));
  if (session->EpochPlayed()) session->FinishEpoch(now);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Session session{earshot::PlayoutConfig()};
  MonotonicTime now = MonotonicTime() + std::chrono::hours(1);
  uint64_t call = session.Attach(0, now)->call;
  while (size >= 2) {
    const size_t length = std::min<size_t>(data[0], size - 2);
    const int ms = data[1];
    earshot::v1::PlayRequest request;
    const bool parsed =
        request.ParseFromArray(data + 2, static_cast<int>(length));
    data += 2 + length;
    size -= 2 + length;
    if (!parsed || !Take(&request, &session, &call, now)) break;
    CheckAccounting(session.Stats(now).epoch);
    now += std::chrono::milliseconds(ms);
    Play(&session, ms, now);
    CheckAccounting(session.Stats(now).epoch);
    session.TakeProgress(call, now);
    session.TakeDrained(call);
  }
  session.CloseRequests(call, now);
  for (int i = 0; i < 100 && !session.closed(); ++i) {
    now += std::chrono::milliseconds(50);
    Play(&session, 50, now);
  }
  Check(session.closed());
  return 0;
}
