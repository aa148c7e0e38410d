#ifndef EARSHOT_SERVER_REFUSAL_H_
#define EARSHOT_SERVER_REFUSAL_H_

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"

namespace earshot {

// Why the server refuses a request or ends a call. The names that clients see
// are part of the contract: one table in refusal.cc, and they never change.
enum class Reason {
  kNone,
  // Malformed: the request can never be right.
  kBadRequest,
  kBadName,
  kBadFormat,
  kBadCodec,
  kBadPayload,
  kBadFrameCount,
  kBadPageToken,
  kBadFilter,
  // Out of order.
  kOpenFirst,
  kOpenTimeout,
  kAlreadyOpen,
  kNoEpoch,
  kEpochUnderWay,
  kEpochNotNewer,
  // Positions.
  kNotContiguous,
  kPositionTooLarge,
  // Bounds.
  kNotGranted,
  kPayloadTooLarge,
  kTooMuchQueued,
  kTooManyEpochs,
  kTooManyStreams,
  kTooManyStreamsOfPrincipal,
  kTooManyOpens,
  kTooManyMessages,
  kTooManyBytes,
  kTooManyWatchers,
  kTooManyListeners,
  kMessageTooLarge,
  // Credentials, and what they are good for.
  kNoCredentials,
  kBadToken,
  kTokenExpired,
  kNotAllowed,
  kStreamOfAnother,
  // The server's own doing.
  kTakenOver,
  kClosedByOperator,
  kShuttingDown,
  kOverloaded,
  kNotFound,
  kChannelzNotFound,
  kUnknownMethod,
};
inline constexpr Reason kLastReason = Reason::kUnknownMethod;
inline constexpr size_t kReasonCount = static_cast<size_t>(kLastReason) + 1;

// What the table says of a reason.
struct ReasonInfo {
  absl::StatusCode code;
  const char* name;  // ErrorInfo.reason
};
const ReasonInfo& Describe(Reason reason);

// The answer to a request: taken, or refused because of one field.
struct [[nodiscard]] Refusal {
  static Refusal None() { return {}; }
  // The server goes. No word of when to come back: behind its name there may be
  // another one already.
  static Refusal ShuttingDown();

  bool ok() const { return reason == Reason::kNone; }

  Reason reason = Reason::kNone;
  std::string field;    // such as "packet.first_frame"
  std::string message;  // for people: what is wrong, and what is allowed
  // When a later try may do: RetryInfo.
  std::chrono::milliseconds retry_after{0};
  // Which quota is used up, by whom: QuotaFailure.
  std::string quota = {};
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_REFUSAL_H_
