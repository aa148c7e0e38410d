#include "client/cli/doctor/address_checks.h"

#include <netdb.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cerrno>
#include <cstring>
#include <memory>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace earshot {
namespace {

using boost::asio::generic::stream_protocol;
using std::chrono::steady_clock;

std::string PlaceText(const stream_protocol::endpoint& endpoint) {
  boost::asio::ip::tcp::endpoint tcp;
  if (endpoint.size() > tcp.capacity()) return "?";
  std::memcpy(tcp.data(), endpoint.data(), endpoint.size());
  boost::system::error_code error;
  const std::string host = tcp.address().to_string(error);
  return absl::StrCat(
      tcp.address().is_v6() ? absl::StrCat("[", host, "]") : host, ":",
      tcp.port());
}

std::string WhatToDoAboutName(int error, const std::string& host) {
  switch (error) {
    case EAI_NONAME:
#ifdef EAI_NODATA
    case EAI_NODATA:
#endif
      return absl::StrCat("check how \"", host,
                          "\" is spelled in --server, and whether the name "
                          "service knows it (getent ahosts ",
                          host, ")");
    case EAI_AGAIN:
      return "the name service does not answer: check /etc/resolv.conf and "
             "the way to it";
    case EAI_SERVICE:
      return "the port in --server has to be a number";
    default:
      return absl::StrCat("try getent ahosts ", host);
  }
}

std::vector<Place> CheckUnixPath(const std::string& path,
                                 const Report& report) {
  Finding finding{"name", Verdict::kBad, "", ""};
  struct stat found = {};
  if (stat(path.c_str(), &found) != 0) {
    finding.found = absl::StrCat(path, ": ", std::strerror(errno));
    finding.advice =
        "is earshot-server running, with this path in --listen, and may you "
        "enter its folder?";
  } else if (!S_ISSOCK(found.st_mode)) {
    finding.found = absl::StrCat(path, " is no socket");
    finding.advice = "check the path in --server";
  } else if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    finding.found = "the path is too long for a socket";
    finding.advice = "use a shorter one";
  } else {
    finding.verdict = Verdict::kGood;
    finding.found = absl::StrCat(path, " is a socket");
    report(finding);
    return {{absl::StrCat("unix:", path),
             boost::asio::local::stream_protocol::endpoint(path)}};
  }
  report(finding);
  return {};
}

struct Attempt {
  boost::system::error_code error = boost::asio::error::timed_out;
  double ms = 0;
};

Attempt TryToConnect(const Place& place, std::chrono::milliseconds patience) {
  boost::asio::io_context loop;
  stream_protocol::socket socket(loop);
  Attempt attempt;
  const auto began = steady_clock::now();
  socket.async_connect(
      place.endpoint,
      [&](const boost::system::error_code& error) { attempt.error = error; });
  loop.run_for(patience);
  attempt.ms =
      std::chrono::duration<double, std::milli>(steady_clock::now() - began)
          .count();
  return attempt;
}

std::string WhyNot(const Attempt& attempt) {
  if (attempt.error == boost::asio::error::timed_out) {
    return absl::StrFormat("no answer in %.0f s", attempt.ms / 1000);
  }
  if (attempt.error == boost::asio::error::connection_refused) {
    return "connection refused";
  }
  return attempt.error.message();
}

std::string WhatToDoAboutConnect(const boost::system::error_code& error) {
  if (error == boost::asio::error::connection_refused) {
    return "nothing listens there: start earshot-server, and check the port "
           "in --server against its --listen (which has to name this address, "
           "not only localhost)";
  }
  if (error == boost::asio::error::timed_out) {
    return "packets get lost on the way: check the address, and the firewalls "
           "and network policies between here and there";
  }
  if (error == boost::asio::error::access_denied) {
    return "you may not use the socket: ask for its group, or run as its user";
  }
  return "check the address, and the route to it (ip route get)";
}

}  // namespace

ServerAddress ParseServerAddress(const std::string& text) {
  ServerAddress address;
  address.text = text;
  constexpr char kUnix[] = "unix:";
  if (absl::StartsWith(text, kUnix)) {
    address.unix_path = text.substr(sizeof(kUnix) - 1);
    return address;
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return address;
  address.host = text.substr(0, colon);
  address.port = text.substr(colon + 1);
  if (address.host.size() > 2 && address.host.front() == '[' &&
      address.host.back() == ']') {
    address.host = address.host.substr(1, address.host.size() - 2);
  }
  return address;
}

std::vector<Place> CheckName(const ServerAddress& address,
                             const Report& report) {
  if (!address.unix_path.empty()) {
    return CheckUnixPath(address.unix_path, report);
  }
  Finding finding{"name", Verdict::kGood, "", ""};
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error =
      getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &list);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(
      error == 0 ? list : nullptr, &freeaddrinfo);
  if (error != 0) {
    finding.verdict = Verdict::kBad;
    finding.found = absl::StrCat("cannot find the address of ", address.host,
                                 ": ", gai_strerror(error));
    finding.advice = WhatToDoAboutName(error, address.host);
    report(finding);
    return {};
  }
  std::vector<Place> places;
  std::set<std::string> seen;
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    if (one->ai_family != AF_INET && one->ai_family != AF_INET6) continue;
    const stream_protocol::endpoint endpoint(one->ai_addr, one->ai_addrlen);
    const std::string text = PlaceText(endpoint);
    if (!seen.insert(text).second) continue;
    places.push_back({text, endpoint});
    AddToFact(finding, "addresses", text);
  }
  finding.found = absl::StrCat(
      address.host, " is ",
      absl::StrJoin(places, ", ", [](std::string* out, const Place& place) {
        absl::StrAppend(out, place.text);
      }));
  report(finding);
  return places;
}

std::vector<Place> CheckConnect(const std::vector<Place>& places,
                                std::chrono::milliseconds patience,
                                const Report& report) {
  Finding finding{"connect", Verdict::kGood, "", ""};
  std::vector<Place> good;
  std::vector<std::string> words;
  boost::system::error_code worst;
  for (const Place& place : places) {
    const Attempt attempt = TryToConnect(place, patience);
    if (attempt.error) {
      // What times out says more than what is refused.
      if (worst != boost::asio::error::timed_out) worst = attempt.error;
      words.push_back(absl::StrCat(place.text, ": ", WhyNot(attempt)));
    } else {
      good.push_back(place);
      words.push_back(absl::StrFormat("%s in %.1f ms", place.text, attempt.ms));
      SetFact(finding, place.text, attempt.ms);
    }
  }
  finding.found = absl::StrJoin(words, ", ");
  if (worst) finding.advice = WhatToDoAboutConnect(worst);
  if (good.empty()) {
    finding.verdict = Verdict::kBad;
  } else if (worst == boost::asio::error::timed_out) {
    finding.verdict = Verdict::kWarning;
    finding.advice += "; until then each new connection may wait for it";
  }
  if (finding.verdict == Verdict::kGood) finding.advice.clear();
  report(finding);
  return good;
}

}  // namespace earshot
