#include "server/web/web_pages.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/web/web_assets.h"

namespace earshot {
namespace {

constexpr char kStreams[] = "/v1/streams";
constexpr char kListen[] = "/v1/listen/";
constexpr int kMostStreams = 200;  // that the page shows
// Scripts and styles are files of ours, and what they ask for is here.
constexpr char kPolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' "
    "data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'";

WebAnswer AssetAnswer(const WebAsset& asset, const WebRequest& request) {
  WebAnswer answer;
  answer.headers = {
      {"ETag", std::string(asset.etag)},
      {"Cache-Control", "no-cache"},
      // Pages of others may carry the player; it shows nothing of anybody.
      {"Access-Control-Allow-Origin", "*"},
      {"Content-Security-Policy", kPolicy},
  };
  answer.content_type = std::string(asset.content_type);
  if (request.if_none_match == asset.etag) {
    answer.status = 304;
  } else {
    answer.asset = asset.content;
  }
  return answer;
}

}  // namespace

WebAnswer WebPages::Answer(const WebRequest& request) const {
  const auto target = ParseTarget(request.target);
  if (!target.has_value()) return ErrorAnswer(400, "that is no path");
  if (!options_.any_host && !IsNearHost(request.host)) {
    return ErrorAnswer(421,
                       "without TLS only localhost and addresses are answered; "
                       "--tls-cert gives the server a name");
  }
  WebAnswer answer;
  if (request.method == "OPTIONS") {
    answer.status = 204;
    answer.headers.push_back({"Allow", "GET, HEAD, OPTIONS"});
  } else if (request.method == "GET" || request.method == "HEAD") {
    answer = AnswerGet(request, *target);
  } else {
    answer = ErrorAnswer(405, "only GET and HEAD");
    answer.headers.push_back({"Allow", "GET, HEAD, OPTIONS"});
  }
  if (!request.origin.empty() && !IsOfThisOrigin(request) &&
      MayAsk(request.origin)) {
    std::erase_if(answer.headers, [](const auto& header) {
      return header.first == "Access-Control-Allow-Origin";
    });
    answer.headers.push_back({"Access-Control-Allow-Origin", request.origin});
    answer.headers.push_back({"Access-Control-Allow-Headers", "authorization"});
    answer.headers.push_back({"Vary", "Origin"});
  }
  answer.headers.push_back({"X-Content-Type-Options", "nosniff"});
  answer.headers.push_back({"Referrer-Policy", "no-referrer"});
  return answer;
}

WebAnswer WebPages::AnswerGet(const WebRequest& request,
                              const WebTarget& target) const {
  for (const WebAsset& asset : WebAssets()) {
    if (target.path == asset.path) return AssetAnswer(asset, request);
  }
  if (target.path == kStreams) return Streams(request, target);
  if (absl::StartsWith(target.path, kListen)) {
    std::unique_ptr<FeedReader> reader;
    return Listen(request, target, &reader);
  }
  return ErrorAnswer(404, "there is no such page");
}

WebAnswer WebPages::Upgrade(const WebRequest& request,
                            std::unique_ptr<FeedReader>* reader) const {
  const auto target = ParseTarget(request.target);
  if (!target.has_value()) return ErrorAnswer(400, "that is no path");
  if (!options_.any_host && !IsNearHost(request.host)) return Answer(request);
  if (!absl::StartsWith(target->path, kListen)) {
    return ErrorAnswer(404, "there is no such WebSocket");
  }
  // Browsers ask nobody whether a page may have a WebSocket: that is for us.
  if (!IsOfThisOrigin(request) && !MayAsk(request.origin)) {
    return ErrorAnswer(403, absl::StrCat("pages of ", request.origin,
                                         " may not listen: see "
                                         "--web-allow-origin"));
  }
  if (!OffersSubprotocol(request)) {
    return ErrorAnswer(400,
                       "the WebSocket must offer the subprotocol "
                       "earshot.v1");
  }
  return Listen(request, *target, reader);
}

WebAnswer WebPages::Streams(const WebRequest& request,
                            const WebTarget& target) const {
  Caller caller;
  v1::ListStreamsRequest asked;
  asked.set_page_size(kMostStreams);
  asked.set_filter(target.filter);
  v1::ListStreamsResponse streams;
  Refusal refusal = Identify(request, &caller);
  if (refusal.ok()) refusal = options_.list_streams(caller, asked, &streams);
  WebAnswer answer = refusal.ok() ? JsonAnswer(streams) : ToAnswer(refusal);
  answer.headers.push_back({"Cache-Control", "no-store"});
  return answer;
}

// 426 stands for: a WebSocket would be let in.
WebAnswer WebPages::Listen(const WebRequest& request, const WebTarget& target,
                           std::unique_ptr<FeedReader>* reader) const {
  Caller caller;
  Refusal refusal = Identify(request, &caller);
  if (refusal.ok()) {
    refusal = options_.listeners->Admit(
        caller, target.path.substr(sizeof(kListen) - 1), reader);
  }
  if (!refusal.ok()) return ToAnswer(refusal);
  WebAnswer answer = ErrorAnswer(426, "this is for a WebSocket");
  answer.headers.push_back({"Upgrade", "websocket"});
  return answer;
}

Refusal WebPages::Identify(const WebRequest& request, Caller* caller) const {
  return options_.access->Identify(CredentialsOf(request),
                                   std::chrono::system_clock::now(), caller);
}

bool WebPages::MayAsk(const std::string& origin) const {
  return std::any_of(options_.origins.begin(), options_.origins.end(),
                     [&origin](const std::string& one) {
                       return one == "*" || absl::EqualsIgnoreCase(one, origin);
                     });
}

}  // namespace earshot
