#include "server/refusal.h"

namespace earshot {

Refusal Refusal::ShuttingDown() {
  return {Reason::kShuttingDown, "", "the server is going down"};
}

const ReasonInfo& Describe(Reason reason) {
  using Code = absl::StatusCode;
  // A switch, so that the compiler finds a reason without a row.
  switch (reason) {
    case Reason::kNone: {
      static constexpr ReasonInfo kRow{Code::kOk, ""};
      return kRow;
    }
#define EARSHOT_REASON(id, code, name)            \
  case Reason::id: {                              \
    static constexpr ReasonInfo kRow{code, name}; \
    return kRow;                                  \
  }
      EARSHOT_REASON(kBadRequest, Code::kInvalidArgument, "BAD_REQUEST")
      EARSHOT_REASON(kBadName, Code::kInvalidArgument, "BAD_NAME")
      EARSHOT_REASON(kBadFormat, Code::kInvalidArgument, "BAD_FORMAT")
      EARSHOT_REASON(kBadCodec, Code::kInvalidArgument, "BAD_CODEC")
      EARSHOT_REASON(kBadPayload, Code::kInvalidArgument, "BAD_PAYLOAD")
      EARSHOT_REASON(kBadFrameCount, Code::kInvalidArgument, "BAD_FRAME_COUNT")
      EARSHOT_REASON(kBadPageToken, Code::kInvalidArgument, "BAD_PAGE_TOKEN")
      EARSHOT_REASON(kBadFilter, Code::kInvalidArgument, "BAD_FILTER")
      EARSHOT_REASON(kOpenFirst, Code::kFailedPrecondition, "OPEN_FIRST")
      EARSHOT_REASON(kOpenTimeout, Code::kDeadlineExceeded, "OPEN_TIMEOUT")
      EARSHOT_REASON(kAlreadyOpen, Code::kFailedPrecondition, "ALREADY_OPEN")
      EARSHOT_REASON(kNoEpoch, Code::kFailedPrecondition, "NO_EPOCH")
      EARSHOT_REASON(kEpochUnderWay, Code::kFailedPrecondition,
                     "EPOCH_UNDER_WAY")
      EARSHOT_REASON(kEpochNotNewer, Code::kInvalidArgument, "EPOCH_NOT_NEWER")
      EARSHOT_REASON(kNotContiguous, Code::kOutOfRange, "NOT_CONTIGUOUS")
      EARSHOT_REASON(kPositionTooLarge, Code::kOutOfRange, "POSITION_TOO_LARGE")
      EARSHOT_REASON(kNotGranted, Code::kResourceExhausted, "NOT_GRANTED")
      EARSHOT_REASON(kPayloadTooLarge, Code::kResourceExhausted,
                     "PAYLOAD_TOO_LARGE")
      EARSHOT_REASON(kTooMuchQueued, Code::kResourceExhausted,
                     "TOO_MUCH_QUEUED")
      EARSHOT_REASON(kTooManyEpochs, Code::kResourceExhausted,
                     "TOO_MANY_EPOCHS")
      EARSHOT_REASON(kTooManyStreams, Code::kResourceExhausted,
                     "TOO_MANY_STREAMS")
      EARSHOT_REASON(kTooManyStreamsOfPrincipal, Code::kResourceExhausted,
                     "TOO_MANY_STREAMS_OF_PRINCIPAL")
      EARSHOT_REASON(kTooManyOpens, Code::kResourceExhausted, "TOO_MANY_OPENS")
      EARSHOT_REASON(kTooManyMessages, Code::kResourceExhausted,
                     "TOO_MANY_MESSAGES")
      EARSHOT_REASON(kTooManyBytes, Code::kResourceExhausted, "TOO_MANY_BYTES")
      EARSHOT_REASON(kTooManyWatchers, Code::kResourceExhausted,
                     "TOO_MANY_WATCHERS")
      EARSHOT_REASON(kTooManyListeners, Code::kResourceExhausted,
                     "TOO_MANY_LISTENERS")
      EARSHOT_REASON(kMessageTooLarge, Code::kResourceExhausted,
                     "MESSAGE_TOO_LARGE")
      EARSHOT_REASON(kNoCredentials, Code::kUnauthenticated, "NO_CREDENTIALS")
      EARSHOT_REASON(kBadToken, Code::kUnauthenticated, "BAD_TOKEN")
      EARSHOT_REASON(kTokenExpired, Code::kUnauthenticated, "TOKEN_EXPIRED")
      EARSHOT_REASON(kNotAllowed, Code::kPermissionDenied, "NOT_ALLOWED")
      EARSHOT_REASON(kStreamOfAnother, Code::kPermissionDenied,
                     "STREAM_OF_ANOTHER")
      EARSHOT_REASON(kTakenOver, Code::kAborted, "TAKEN_OVER")
      EARSHOT_REASON(kClosedByOperator, Code::kAborted, "CLOSED_BY_OPERATOR")
      EARSHOT_REASON(kShuttingDown, Code::kUnavailable, "SHUTTING_DOWN")
      EARSHOT_REASON(kOverloaded, Code::kUnavailable, "OVERLOADED")
      EARSHOT_REASON(kNotFound, Code::kNotFound, "STREAM_NOT_FOUND")
      EARSHOT_REASON(kChannelzNotFound, Code::kNotFound, "CHANNELZ_NOT_FOUND")
      EARSHOT_REASON(kUnknownMethod, Code::kUnimplemented, "UNKNOWN_METHOD")
#undef EARSHOT_REASON
  }
  static constexpr ReasonInfo kUnknown{Code::kInternal, "INTERNAL"};
  return kUnknown;
}

}  // namespace earshot
