// Any text as a filter: it is taken or refused with its place, and what is
// taken can be asked of any stream.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "proto/earshot/v1/admin.pb.h"
#include "server/stream_filter.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  earshot::StreamFilter filter;
  const earshot::Refusal refusal = earshot::StreamFilter::Parse(
      text, earshot::v1::Stream::descriptor(), &filter);
  if (!refusal.ok()) {
    if (refusal.reason != earshot::Reason::kBadFilter ||
        refusal.message.rfind("at ", 0) != 0) {
      std::abort();
    }
    return 0;
  }
  earshot::v1::Stream stream;
  (void)filter.Matches(stream);
  stream.set_state(earshot::v1::STREAM_STATE_PLAYING);
  stream.mutable_format()->add_positions(
      earshot::v1::CHANNEL_POSITION_FRONT_LEFT);
  stream.mutable_margin_quantiles()->set_p50_ms(1);
  stream.mutable_open_time()->set_seconds(1);
  (*stream.mutable_labels())["a"] = "b";
  stream.add_peers("c");
  (void)filter.Matches(stream);
  return 0;
}
