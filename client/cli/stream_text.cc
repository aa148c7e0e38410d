#include "client/cli/stream_text.h"

#include <algorithm>
#include <ctime>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "client/cli/stream_table.h"
#include "client/cli/terminal.h"

namespace earshot {
namespace {

// Titles of groups, and lines under them; lines with nothing to say are left
// out.
class Page {
 public:
  void Group(std::string title) { group_ = std::move(title); }
  void Line(const char* what, const std::string& said) {
    if (said.empty()) return;
    if (!group_.empty()) absl::StrAppend(&text_, group_, "\n");
    group_.clear();
    absl::StrAppend(&text_, absl::StrFormat("  %-13s ", what), Printable(said),
                    "\n");
  }
  const std::string& text() const { return text_; }

 private:
  std::string group_;
  std::string text_;
};

std::string Ms(double ms) { return absl::StrFormat("%.1f ms", ms); }

std::string Ago(int64_t seconds) {
  if (seconds < 0) return "in the future";
  if (seconds < 120) return absl::StrCat(seconds, " s ago");
  if (seconds < 7200) return absl::StrCat(seconds / 60, " min ago");
  if (seconds < 172800) return absl::StrCat(seconds / 3600, " h ago");
  return absl::StrCat(seconds / 86400, " days ago");
}

std::string Opened(const v1::Stream& stream, int64_t now_s) {
  if (!stream.has_open_time()) return "";
  const std::time_t seconds = stream.open_time().seconds();
  std::tm parts = {};
  gmtime_r(&seconds, &parts);
  char text[40];
  std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &parts);
  return absl::StrCat(text, ", ", Ago(now_s - seconds));
}

std::string Labels(const v1::Stream& stream) {
  std::vector<std::string> labels;
  for (const auto& [key, value] : stream.labels()) {
    labels.push_back(absl::StrCat(key, "=", value));
  }
  std::sort(labels.begin(), labels.end());
  return absl::StrJoin(labels, ", ");
}

std::string Frames(int64_t frames, int rate_hz) {
  if (rate_hz <= 0) return absl::StrCat(frames);
  const double seconds = static_cast<double>(frames) / rate_hz;
  return absl::StrFormat(
      "%d (%s)", frames,
      seconds < 1 ? Ms(seconds * 1000) : absl::StrFormat("%.1f s", seconds));
}

std::string Format(const v1::Stream& stream) {
  const v1::PcmFormat& format = stream.format();
  std::vector<std::string> places;
  for (const int place : format.positions()) {
    places.push_back(absl::AsciiStrToLower(absl::StripPrefix(
        v1::ChannelPosition_Name(static_cast<v1::ChannelPosition>(place)),
        "CHANNEL_POSITION_")));
  }
  std::string text = absl::StrFormat(
      "%d Hz, %d channel%s, %s", format.rate_hz(), format.channels(),
      format.channels() == 1 ? "" : "s",
      stream.codec() == v1::CODEC_OPUS ? "Opus" : "PCM of 16 bits");
  if (!places.empty()) {
    absl::StrAppend(&text, " (", absl::StrJoin(places, ", "), ")");
  }
  return text;
}

void TellWho(const v1::Stream& stream, int64_t now_s, Page& page) {
  page.Group("Who");
  page.Line("principal", stream.principal());
  page.Line("client", stream.client());
  page.Line("address", stream.peer());
  if (stream.peers_size() > 1) {
    page.Line("addresses", absl::StrJoin(stream.peers(), ", "));
  }
  page.Line("labels", Labels(stream));
  page.Line("opened", Opened(stream, now_s));
  if (stream.resumes_total() > 0) {
    page.Line("resumed", absl::StrCat(stream.resumes_total(), " times"));
  }
}

void TellSound(const v1::Stream& stream, Page& page) {
  const int rate_hz = stream.format().rate_hz();
  page.Group("Sound");
  if (stream.epochs_total() > 0) {
    page.Line("format", Format(stream));
    if (stream.guest_rate_hz() > 0) {
      page.Line("guest's rate", absl::StrCat(stream.guest_rate_hz(),
                                             " Hz, resampled by the client"));
    }
  }
  if (stream.guest_buffer_frames() > 0) {
    page.Line("guest's ring", Frames(stream.guest_buffer_frames(), rate_hz));
  }
  if (stream.guest_period_frames() > 0) {
    page.Line("its periods", Frames(stream.guest_period_frames(), rate_hz));
  }
  page.Line("sink", stream.sink());
  page.Line("recording", stream.recording());
  page.Line("volume", VolumeText(stream.volume()));
}

void TellDelay(const v1::Stream& stream, Page& page) {
  page.Group("Delay, guest to listener");
  if (stream.has_latency()) {
    const v1::LatencyChain& chain = stream.latency();
    page.Line("in all", Ms(chain.total_ms()));
    page.Line("client", Ms(chain.client_ms()));
    page.Line("network", Ms(chain.network_ms()));
    page.Line("server", Ms(chain.queued_ms()));
    page.Line("sink", Ms(chain.sink_ms()));
  } else if (stream.latency_ms() > 0) {
    page.Line("known", Ms(stream.latency_ms()));
    page.Line("server", Ms(stream.queued_ms()));
    page.Line("sink", Ms(stream.sink_latency_ms()));
  }
}

void TellMargin(const v1::Stream& stream, Page& page) {
  if (stream.target_margin_ms() == 0) return;
  page.Group("Margin: how long before it is due sound arrives");
  page.Line("on average",
            stream.margin_ms() == 0 ? "not known yet" : Ms(stream.margin_ms()));
  page.Line("wanted",
            absl::StrCat(Ms(stream.target_margin_ms()),
                         stream.target_margin_reason().empty() ? "" : ": ",
                         stream.target_margin_reason()));
  if (stream.has_margin_quantiles()) {
    const v1::MarginQuantiles& margin = stream.margin_quantiles();
    page.Line("in 2 min",
              absl::StrFormat("never below %.1f ms, 1%% below "
                              "%.1f, 10%% below %.1f, half below "
                              "%.1f, 90%% below %.1f",
                              margin.min_ms(), margin.p1_ms(), margin.p10_ms(),
                              margin.p50_ms(), margin.p90_ms()));
  }
}

void TellClock(const v1::Stream& stream, Page& page) {
  if (stream.epochs_total() == 0) return;
  page.Group("Clock and way, as the client said last");
  page.Line("clock", absl::StrFormat("%+.1f ppm against its nominal rate",
                                     stream.clock_ppm()));
  page.Line("round trip", stream.round_trip_ms() == 0
                              ? "not known"
                              : Ms(stream.round_trip_ms()));
}

void TellFrames(const v1::Stream& stream, Page& page) {
  if (stream.epochs_total() == 0) return;
  const int rate_hz = stream.format().rate_hz();
  page.Group(absl::StrCat("Frames of epoch ", stream.epoch(), ", of ",
                          stream.epochs_total(), " in all"));
  page.Line("produced", Frames(stream.produced_frames(), rate_hz));
  page.Line("= played",
            absl::StrCat(Frames(stream.played_frames(), rate_hz),
                         ", of it silence ", stream.silence_frames()));
  page.Line("+ skipped", Frames(stream.skipped_frames(), rate_hz));
  page.Line("+ queued", Frames(stream.queued_frames(), rate_hz));
  page.Line("may come to", absl::StrCat(stream.granted_frame()));
  page.Line("packets", absl::StrCat(stream.packets(), ", ",
                                    stream.payload_bytes(), " bytes"));
  page.Line("in all epochs",
            absl::StrCat(stream.played_frames_total(), " played, ",
                         stream.skipped_frames_total(), " skipped"));
}

std::string Causes(const v1::UnderrunCauses& causes) {
  std::vector<std::string> parts;
  const auto add = [&parts](const char* what, int64_t count) {
    if (count > 0) parts.push_back(absl::StrCat(what, " ", count));
  };
  add("came too late over the network", causes.network_late());
  add("the guest was too late", causes.source_starved());
  add("outage", causes.outage());
  add("the server was too late", causes.server_overload());
  return parts.empty() ? "" : absl::StrCat(": ", absl::StrJoin(parts, ", "));
}

std::string Reasons(const v1::SkipReasons& reasons) {
  std::vector<std::string> parts;
  const auto add = [&parts](const char* what, int64_t frames) {
    if (frames > 0) parts.push_back(absl::StrCat(what, " ", frames));
  };
  add("outage", reasons.outage());
  add("more than was granted", reasons.overflow());
  add("the guest let go", reasons.release());
  add("not said", reasons.unspecified());
  return parts.empty() ? "" : absl::StrCat(": ", absl::StrJoin(parts, ", "));
}

void TellTrouble(const v1::Stream& stream, Page& page) {
  page.Group("Trouble");
  page.Line("underruns", absl::StrCat(stream.underruns(), " in this epoch",
                                      Causes(stream.underrun_causes())));
  page.Line("", absl::StrCat(stream.underruns_total(), " in all",
                             Causes(stream.underrun_causes_total())));
  page.Line("skipped",
            absl::StrCat(stream.skipped_frames_total(), " frames in all",
                         Reasons(stream.skip_reasons_total())));
}

}  // namespace

std::string StreamText(const v1::Stream& stream, int64_t now_s) {
  Page page;
  TellWho(stream, now_s, page);
  TellSound(stream, page);
  TellDelay(stream, page);
  TellMargin(stream, page);
  TellClock(stream, page);
  TellFrames(stream, page);
  TellTrouble(stream, page);
  std::string title =
      absl::StrCat(Printable(stream.name()), ": ", StateWord(stream.state()));
  if (!stream.state_reason().empty()) {
    absl::StrAppend(&title, " (", Printable(stream.state_reason()), ")");
  }
  return absl::StrCat(title, "\n", page.text());
}

std::string VolumeText(const v1::Volume& volume) {
  return absl::StrFormat("%s%g dB", volume.mute() ? "muted, " : "",
                         volume.gain_db());
}

}  // namespace earshot
