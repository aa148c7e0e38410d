#ifndef EARSHOT_SINKS_NULL_SINK_H_
#define EARSHOT_SINKS_NULL_SINK_H_

#include <string>

#include "sinks/paced_sink.h"

namespace earshot {

// Consumes sound at the right pace, and forgets it.
class NullSink : public PacedSink {
 public:
  using PacedSink::PacedSink;

  void Stop() override {}
  std::string description() const override { return "null"; }
  std::string problem() const override { return ""; }
};

}  // namespace earshot

#endif  // EARSHOT_SINKS_NULL_SINK_H_
