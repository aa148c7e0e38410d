#ifndef EARSHOT_CLIENT_CLI_DEFAULTS_H_
#define EARSHOT_CLIENT_CLI_DEFAULTS_H_

#include <string>

namespace earshot {

// What is taken where the command line says nothing.

// $EARSHOT_SERVER, or localhost:50051.
std::string DefaultServer();
// This machine's name.
std::string DefaultVm();

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_DEFAULTS_H_
