#include "client/target_lookup.h"

#include <netdb.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"

namespace earshot {

// What a thread may still use when its lookup is no more.
struct TargetLookup::Owner {
  std::mutex lookup_mutex;  // guards the lookup and the executor's use
  TargetLookup* lookup;
  boost::asio::any_io_executor executor;
};

std::vector<std::string> TargetLookup::FindAddresses(const std::string& name) {
  const size_t colon = name.rfind(':');
  std::string host = name.substr(0, colon);
  const std::string port = name.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* first = nullptr;
  std::vector<std::string> addresses;
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &first) != 0) {
    return addresses;
  }
  for (const addrinfo* one = first; one != nullptr; one = one->ai_next) {
    char text[NI_MAXHOST] = {};
    if (getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof(text), nullptr,
                    0, NI_NUMERICHOST) != 0) {
      continue;
    }
    addresses.push_back(one->ai_family == AF_INET6
                            ? absl::StrCat("[", text, "]:", port)
                            : absl::StrCat(text, ":", port));
  }
  freeaddrinfo(first);
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()),
                  addresses.end());
  return addresses;
}

TargetLookup::TargetLookup(const boost::asio::any_io_executor& executor,
                           ServerTargets& targets,
                           std::function<void()> on_done, Find find)
    : targets_(targets),
      on_done_(std::move(on_done)),
      find_(std::move(find)),
      owner_(std::make_shared<Owner>()) {
  owner_->lookup = this;
  owner_->executor = executor;
}

TargetLookup::~TargetLookup() {
  const std::lock_guard lock(owner_->lookup_mutex);
  owner_->lookup = nullptr;
  owner_->executor = {};
}

void TargetLookup::Start() {
  if (targets_.names().empty() || under_way_) return;
  under_way_ = true;
  auto look_up = [owner = owner_, find = find_, names = targets_.names()] {
    Found found;
    for (const std::string& name : names) found.emplace_back(name, find(name));
    const std::lock_guard lock(owner->lookup_mutex);
    if (owner->lookup == nullptr) return;
    boost::asio::post(owner->executor, [owner, found = std::move(found)] {
      // It ends in the loop's thread, as this runs.
      if (owner->lookup != nullptr) {
        owner->lookup->OnFound(found);
      }
    });
  };
  try {
    std::thread(std::move(look_up)).detach();
  } catch (const std::system_error& error) {
    under_way_ = false;
    spdlog::warn("no thread to look a name up reason=\"{}\"", error.what());
  }
}

void TargetLookup::OnFound(const Found& found) {
  under_way_ = false;
  for (const auto& [name, addresses] : found) {
    targets_.Learn(name, addresses);
  }
  on_done_();
}

}  // namespace earshot
