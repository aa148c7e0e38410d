#include "client/cli/listen/listen_report.h"

#include <google/protobuf/struct.pb.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/json_text.h"

namespace earshot {
namespace {

double Seconds(std::chrono::nanoseconds duration) {
  return static_cast<double>(duration.count()) / 1e9;
}

}  // namespace

std::string InWords(const ListenReport& report) {
  std::string line = absl::StrCat(report.stream, ": ", report.summary);
  if (report.left_out_packets > 0) {
    absl::StrAppend(&line, ", ", report.left_out_packets, " packets left out");
  }
  if (report.stream_gaps > 0) {
    absl::StrAppendFormat(&line, ", %d %s of the stream itself (%.1f s)",
                          report.stream_gaps,
                          report.stream_gaps == 1 ? "gap" : "gaps",
                          Seconds(report.stream_gap_time));
  }
  if (report.reconnects > 0) {
    absl::StrAppend(&line, ", ", report.reconnects, " reconnects");
  }
  if (report.closed && !report.close_reason.empty()) {
    absl::StrAppend(&line, "; closed: ", report.close_reason);
  }
  return line;
}

std::string ToJson(const ListenReport& report) {
  google::protobuf::Struct json;
  auto& fields = *json.mutable_fields();
  fields["stream"].set_string_value(report.stream);
  fields["output"].set_string_value(report.output);
  fields["seconds"].set_number_value(report.seconds);
  const auto count = [&](const char* name, int64_t value) {
    fields[name].set_number_value(static_cast<double>(value));
  };
  count("gaps", report.gaps);
  fields["gapSeconds"].set_number_value(Seconds(report.gap_time));
  count("leftOutPackets", report.left_out_packets);
  count("streamGaps", report.stream_gaps);
  fields["streamGapSeconds"].set_number_value(Seconds(report.stream_gap_time));
  count("reconnects", report.reconnects);
  fields["closed"].set_bool_value(report.closed);
  fields["closeReason"].set_string_value(report.close_reason);
  return JsonText(json, JsonStyle::kOneLine);
}

}  // namespace earshot
