#include "client/cli/stream_table.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "client/cli/stream_name.h"
#include "client/cli/terminal.h"

namespace earshot {
namespace {

constexpr int kGap = 2;
constexpr char kUnknown[] = "-";

std::string Number(double value, const char* unknown = kUnknown) {
  if (value == 0 || !std::isfinite(value)) return unknown;
  return std::abs(value) < 100 ? absl::StrFormat("%.1f", value)
                               : absl::StrFormat("%.0f", value);
}

std::string Margin(const v1::Stream& stream) {
  if (stream.target_margin_ms() == 0) return kUnknown;
  return absl::StrCat(Number(stream.margin_ms()), "/",
                      Number(stream.target_margin_ms()));
}

std::string Ppm(const v1::Stream& stream) {
  if (stream.epochs_total() == 0) return kUnknown;
  return absl::StrFormat("%+.0f", stream.clock_ppm());
}

std::string Format(const v1::Stream& stream) {
  if (stream.epochs_total() == 0) return kUnknown;
  return absl::StrFormat("%g kHz x%d %s", stream.format().rate_hz() / 1000.0,
                         stream.format().channels(),
                         stream.codec() == v1::CODEC_OPUS ? "Opus" : "PCM");
}

struct Column {
  const char* title;
  bool is_number;  // stands at the right
  bool optional;   // shown if there is room
  int least;       // it may be cut to so many columns; 0: never
  std::string (*text)(const v1::Stream& stream);
};

// Optional ones in the order in which they are worth their room.
constexpr Column kColumns[] = {
    {"NAME", false, false, 14,
     [](const v1::Stream& s) { return ShortStreamName(s.name()); }},
    {"STATE", false, false, 0,
     [](const v1::Stream& s) { return StateWord(s.state()); }},
    {"LEAD ms", true, false, 0,
     [](const v1::Stream& s) { return Number(LatencyMs(s)); }},
    {"MARGIN/WANT", true, false, 0, Margin},
    {"UNDER", true, false, 0,
     [](const v1::Stream& s) { return absl::StrCat(s.underruns_total()); }},
    {"PPM", true, false, 0, Ppm},
    {"RTT ms", true, false, 0,
     [](const v1::Stream& s) { return Number(s.round_trip_ms()); }},
    {"SINK", false, false, 6, [](const v1::Stream& s) { return s.sink(); }},
    {"FORMAT", false, true, 0, Format},
    {"SKIPPED", true, true, 0,
     [](const v1::Stream& s) {
       return absl::StrCat(s.skipped_frames_total());
     }},
    {"RESUMES", true, true, 0,
     [](const v1::Stream& s) { return absl::StrCat(s.resumes_total()); }},
    {"CLIENT", false, true, 0, [](const v1::Stream& s) { return s.client(); }},
    {"PEER", false, true, 0, [](const v1::Stream& s) { return s.peer(); }},
    {"PRINCIPAL", false, true, 0,
     [](const v1::Stream& s) { return s.principal(); }},
    {"WHY", false, true, 16,
     [](const v1::Stream& s) { return s.state_reason(); }},
};

struct Shown {
  const Column* column;
  std::vector<std::string> cells;  // the title first
  int width;
};

Shown Fill(const Column& column, const std::vector<v1::Stream>& streams) {
  Shown shown{&column, {column.title}, WidthOf(column.title)};
  for (const v1::Stream& stream : streams) {
    shown.cells.push_back(Printable(column.text(stream)));
    shown.width = std::max(shown.width, WidthOf(shown.cells.back()));
  }
  return shown;
}

int Total(const std::vector<Shown>& table) {
  return std::accumulate(
      table.begin(), table.end(), -kGap,
      [](int sum, const Shown& shown) { return sum + shown.width + kGap; });
}

// Takes what is too much from the widest of those that may be cut.
void Narrow(std::vector<Shown>& table, int columns) {
  for (int excess = Total(table) - columns; excess > 0; --excess) {
    Shown* widest = nullptr;
    for (Shown& shown : table) {
      const int least = shown.column->least;
      if (least == 0 || shown.width <= least) continue;
      if (widest == nullptr || shown.width > widest->width) widest = &shown;
    }
    if (widest == nullptr) return;
    --widest->width;
  }
}

std::string Cell(const Shown& shown, size_t row) {
  const std::string text = CutTo(shown.cells[row], shown.width);
  const std::string padding(shown.width - WidthOf(text), ' ');
  return shown.column->is_number ? padding + text : text + padding;
}

}  // namespace

std::vector<std::string> StreamTable(const std::vector<v1::Stream>& streams,
                                     int columns) {
  std::vector<Shown> table;
  for (const Column& column : kColumns) {
    Shown shown = Fill(column, streams);
    if (column.optional && columns > 0) {
      const int least =
          column.least > 0 ? std::min(column.least, shown.width) : shown.width;
      if (Total(table) + kGap + least > columns) continue;
    }
    table.push_back(std::move(shown));
  }
  if (columns > 0) Narrow(table, columns);
  std::vector<std::string> lines;
  for (size_t row = 0; row <= streams.size(); ++row) {
    std::string line;
    for (const Shown& shown : table) {
      absl::StrAppend(&line, line.empty() ? "" : std::string(kGap, ' '),
                      Cell(shown, row));
    }
    absl::StripTrailingAsciiWhitespace(&line);
    lines.push_back(line);
  }
  return lines;
}

std::string StreamLine(const v1::Stream& stream) {
  return Printable(absl::StrFormat(
      "stream=%s state=%s lead_ms=%s margin_ms=%.1f target_margin_ms=%.1f "
      "underruns=%d skipped_frames=%d ppm=%.0f rtt_ms=%.1f sink=\"%s\" "
      "why=\"%s\"",
      stream.name(), StateWord(stream.state()), Number(LatencyMs(stream), "0"),
      stream.margin_ms(), stream.target_margin_ms(), stream.underruns_total(),
      stream.skipped_frames_total(), stream.clock_ppm(), stream.round_trip_ms(),
      stream.sink(), stream.state_reason()));
}

std::string StateWord(v1::StreamState state) {
  const std::string name = v1::StreamState_Name(state);
  if (name.empty()) return absl::StrCat("state ", static_cast<int>(state));
  return absl::AsciiStrToLower(absl::StripPrefix(name, "STREAM_STATE_"));
}

double LatencyMs(const v1::Stream& stream) {
  return stream.has_latency() ? stream.latency().total_ms()
                              : stream.latency_ms();
}

}  // namespace earshot
