#ifndef EARSHOT_SERVER_WEB_WEB_PAGES_H_
#define EARSHOT_SERVER_WEB_WEB_PAGES_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proto/earshot/v1/admin.pb.h"
#include "server/access/access_control.h"
#include "server/access/caller.h"
#include "server/listen/feed_reader.h"
#include "server/listen/listeners.h"
#include "server/refusal.h"
#include "server/web/web_answer.h"
#include "server/web/web_request.h"

namespace earshot {

// What there is at --web:
//   /, /earshot-player.js ...       the page and the player: for everybody
//   /v1/streams?filter=...          the streams that the caller may see: a
//                                   ListStreamsResponse in JSON
//   /v1/listen/vms/V/streams/N      a WebSocket of ListenResponses
// It knows no socket. Any thread.
class WebPages {
 public:
  using ListStreams = std::function<Refusal(
      const Caller&, const v1::ListStreamsRequest&, v1::ListStreamsResponse*)>;
  struct Options {
    const AccessControl* access = nullptr;
    const Listeners* listeners = nullptr;
    ListStreams list_streams;
    // Whose pages may ask from a browser besides our own: origins such as
    // https://desk.example.org, or "*".
    std::vector<std::string> origins;
    // Whatever name the request was sent to: else only localhost and addresses.
    bool any_host = false;
  };

  // What is in the options outlives it.
  explicit WebPages(Options options) : options_(std::move(options)) {}

  // The answer to a request for no WebSocket.
  WebAnswer Answer(const WebRequest& request) const;
  // Who wants a WebSocket: his place in the stream's feed, or what he is told.
  WebAnswer Upgrade(const WebRequest& request,
                    std::unique_ptr<FeedReader>* reader) const;

 private:
  WebAnswer AnswerGet(const WebRequest& request, const WebTarget& target) const;
  WebAnswer Streams(const WebRequest& request, const WebTarget& target) const;
  WebAnswer Listen(const WebRequest& request, const WebTarget& target,
                   std::unique_ptr<FeedReader>* reader) const;
  Refusal Identify(const WebRequest& request, Caller* caller) const;
  bool MayAsk(const std::string& origin) const;

  const Options options_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_WEB_WEB_PAGES_H_
