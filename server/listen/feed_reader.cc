#include "server/listen/feed_reader.h"

namespace earshot {

std::optional<ListenMessage> FeedReader::Next(MonotonicTime now) {
  if (pending_.empty()) {
    for (ListenMessage& message : feed_->Read(&place_, now)) {
      pending_.push_back(std::move(message));
    }
  }
  if (pending_.empty()) return std::nullopt;
  ListenMessage message = std::move(pending_.front());
  pending_.pop_front();
  return message;
}

}  // namespace earshot
