#ifndef EARSHOT_SERVER_LIMITS_DESCRIPTOR_LIMIT_H_
#define EARSHOT_SERVER_LIMITS_DESCRIPTOR_LIMIT_H_

namespace earshot {

// Raises the soft limit of open descriptors to the hard one: a soft one of 1024
// is for programs that use select(). What the limit is then.
int RaiseDescriptorLimit();

// How many of so many descriptors connections may have: what is left is for
// files, sockets of sound servers, and what gRPC needs itself.
int DescriptorsForConnections(int limit);

}  // namespace earshot

#endif  // EARSHOT_SERVER_LIMITS_DESCRIPTOR_LIMIT_H_
