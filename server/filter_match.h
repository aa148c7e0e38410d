#ifndef EARSHOT_SERVER_FILTER_MATCH_H_
#define EARSHOT_SERVER_FILTER_MATCH_H_

#include <google/protobuf/message.h>
#include <google/protobuf/timestamp.pb.h>

#include <cstdint>

#include "server/stream_filter.h"

namespace earshot {

// Whether a term of a filter holds for a message.
bool TermMatches(const StreamFilter::Term& term,
                 const google::protobuf::Message& message);

// How times are compared.
int64_t ToMicroseconds(const google::protobuf::Timestamp& time);

}  // namespace earshot

#endif  // EARSHOT_SERVER_FILTER_MATCH_H_
