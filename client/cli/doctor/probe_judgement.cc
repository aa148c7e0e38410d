#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/doctor/probe_stream.h"

namespace earshot {
namespace {

// By how much the latest packets come later than most: so much more delay than
// on a quiet network sound needs, and what comes later still is a gap. Above
// these, somebody should know, or do something.
constexpr double kNotableJitterMs = 15;
constexpr double kBadJitterMs = 45;

struct Opening {
  absl::StatusCode code;
  const char* advice;
};
constexpr Opening kOpenings[] = {
    {absl::StatusCode::kPermissionDenied,
     "whoever keeps the service's policy has to grant it; check --vm"},
    {absl::StatusCode::kUnauthenticated,
     "check --token-file, or --tls-cert and --tls-key"},
    {absl::StatusCode::kResourceExhausted,
     "a quota is used up: end other streams, or let it be raised"},
    {absl::StatusCode::kUnavailable,
     "the server takes no new streams now: look at its health and its log"},
};

Finding CannotOpen(Finding finding, const absl::Status& status) {
  finding.verdict = Verdict::kBad;
  finding.found = absl::StrCat("a stream cannot be opened: ",
                               std::string(status.message()));
  finding.advice = "the server's log may say more";
  for (const Opening& opening : kOpenings) {
    if (status.code() == opening.code) finding.advice = opening.advice;
  }
  return finding;
}

// As measured, or as the server's target shows it, which is 1.25 times the
// worst lateness and 4 ms.
double JitterMs(const ProbeResult& result) {
  if (result.seen.has_value() && result.seen->has_margin_quantiles()) {
    const v1::MarginQuantiles& margin = result.seen->margin_quantiles();
    return margin.p50_ms() - margin.min_ms();
  }
  const double target_ms =
      static_cast<double>(result.stats.target_margin_us) / 1000;
  return std::max(0.0, (target_ms - 4) / 1.25);
}

void AddFigures(const ProbeResult& result, Finding& finding) {
  const double kbps = static_cast<double>(result.stats.payload_bytes) * 8 /
                      1000 / std::max(result.seconds, 0.001);
  SetFact(finding, "lead_ms", result.lead_ms);
  SetFact(finding, "payload_kbps", kbps);
  SetFact(finding, "jitter_ms", JitterMs(result));
  SetFact(finding, "skipped_frames", static_cast<double>(result.stats.skipped));
  SetFact(finding, "lost_frames", static_cast<double>(result.stats.lost));
  std::vector<std::string> words = {
      absl::StrFormat("%.1f s of sound, %.0f kb/s", result.seconds, kbps),
      absl::StrFormat("lead %.0f ms", result.lead_ms),
      absl::StrFormat("jitter %.1f ms", JitterMs(result))};
  if (result.seen.has_value()) {
    const v1::Stream& seen = *result.seen;
    SetFact(finding, "margin_ms", seen.margin_ms());
    SetFact(finding, "target_margin_ms", seen.target_margin_ms());
    SetFact(finding, "underruns", static_cast<double>(seen.underruns_total()));
    words.push_back(absl::StrFormat("margin %.1f ms, wanted %.1f",
                                    seen.margin_ms(), seen.target_margin_ms()));
    words.push_back(absl::StrCat("underruns ", seen.underruns_total()));
  }
  finding.found = absl::StrJoin(words, ", ");
}

}  // namespace

Finding JudgeProbe(const ProbeResult& result) {
  Finding finding{"sound", Verdict::kGood, "", ""};
  if (!result.opened.ok()) return CannotOpen(finding, result.opened);
  AddFigures(result, finding);
  const bool whole =
      result.drained && result.stats.skipped == 0 && result.stats.lost == 0;
  const int64_t underruns =
      result.seen.has_value() ? result.seen->underruns_total() : 0;
  const double jitter_ms = JitterMs(result);
  if (!whole) {
    finding.verdict = Verdict::kBad;
    finding.found = absl::StrCat(
        "sound is lost on the way: ", result.stats.skipped, " frames skipped, ",
        result.stats.lost, " lost; ", finding.found);
    finding.advice =
        "the connection stalls or breaks: look for loss, a full line or a "
        "proxy that holds things up between here and the server";
  } else if (underruns > 0 || jitter_ms > kBadJitterMs) {
    finding.verdict = Verdict::kBad;
    finding.found = absl::StrCat(
        "the way jitters, or loses packets: some come much later than others; ",
        finding.found);
    finding.advice =
        "look for loss, a full line, Wi-Fi or a busy machine between here and "
        "the server; sound plays, with more delay, and breaks off now and "
        "then";
  } else if (jitter_ms > kNotableJitterMs) {
    finding.verdict = Verdict::kWarning;
    finding.found = absl::StrCat(
        "the way jitters somewhat, and that costs delay; ", finding.found);
    finding.advice =
        "if the delay matters, look for a full line, Wi-Fi or a busy machine "
        "between here and the server";
  }
  return finding;
}

}  // namespace earshot
