#ifndef EARSHOT_CLIENT_CLI_READ_AHEAD_H_
#define EARSHOT_CLIENT_CLI_READ_AHEAD_H_

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "absl/types/span.h"

namespace earshot {

// Reads samples ahead on a thread of its own, since a pipe or a file may take
// its time and the loop must not wait for it. What was read waits here, up to a
// bound.
//
// Thread: the executor's loop. The source is called on the other thread, which
// may be within it for as long as it likes: it is not waited for at the end, so
// the source owns what it needs.
class ReadAhead {
 public:
  // The next samples, valid until the next call; none at the end.
  using Source = std::function<absl::Span<const float>()>;

  // Reads until about `max_samples` wait. `on_more` is called when there is
  // more than before, or the end was found.
  ReadAhead(Source source, size_t max_samples,
            const boost::asio::any_io_executor& executor,
            std::function<void()> on_more);
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // Appends what waits to `out`; false if nothing will ever follow it.
  [[nodiscard]] bool Take(std::vector<float>& out);

 private:
  struct Shared;
  static void Run(const Source& source, Shared& shared,
                  const std::shared_ptr<Shared>& owner);

  const std::shared_ptr<Shared> shared_;
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_READ_AHEAD_H_
