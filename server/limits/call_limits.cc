#include "server/limits/call_limits.h"

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

constexpr int kSeconds = 4;  // policy.proto
// Who has said too much may come back, and has by then a second's worth more.
constexpr std::chrono::milliseconds kRetry{1000};

Refusal TooMuch(Reason reason, const char* quota, int64_t per_second,
                const char* what) {
  return {reason, "",
          absl::StrCat("more than ", per_second, " ", what,
                       " a second, on average over ", kSeconds, " s"),
          kRetry, quota};
}

}  // namespace

CallLimits::CallLimits(const Quotas& quotas, MonotonicTime now)
    : quotas_(quotas),
      messages_(quotas.max_messages_per_second, kSeconds, now),
      bytes_(quotas.max_bytes_per_second, kSeconds, now) {}

Refusal CallLimits::OnMessage(size_t bytes, MonotonicTime now) {
  if (bytes > kMaxMessageBytes) {
    return {Reason::kMessageTooLarge, "request",
            absl::StrCat(bytes, " bytes; at most ", kMaxMessageBytes,
                         " are taken")};
  }
  if (!messages_.Take(1, now)) {
    return TooMuch(Reason::kTooManyMessages, "max_messages_per_second",
                   quotas_.max_messages_per_second, "messages");
  }
  if (!bytes_.Take(static_cast<int64_t>(bytes), now)) {
    return TooMuch(Reason::kTooManyBytes, "max_bytes_per_second",
                   quotas_.max_bytes_per_second, "bytes");
  }
  return Refusal::None();
}

}  // namespace earshot
