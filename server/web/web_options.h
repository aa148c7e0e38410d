#ifndef EARSHOT_SERVER_WEB_WEB_OPTIONS_H_
#define EARSHOT_SERVER_WEB_WEB_OPTIONS_H_

#include <string>
#include <vector>

namespace earshot {

// Where browsers are answered, and whose pages may listen.
struct WebOptions {
  std::string address;  // HOST:PORT; empty for nowhere
  // Besides our own: origins such as https://desk.example.org, or "*".
  std::vector<std::string> origins;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_WEB_WEB_OPTIONS_H_
