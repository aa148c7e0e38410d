#include "client/cli/defaults.h"

#include <unistd.h>

#include <array>
#include <cstdlib>

namespace earshot {

std::string DefaultServer() {
  const char* server = std::getenv("EARSHOT_SERVER");
  return server != nullptr && *server != '\0' ? server : "localhost:50051";
}

std::string DefaultVm() {
  std::array<char, 64> name = {};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') {
    return "vm";
  }
  return name.data();
}

}  // namespace earshot
