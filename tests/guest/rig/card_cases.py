"""What the guest sees of the card besides its sound: jacks, several streams."""
import time

from .bench import Bench
from .case import case, figures, require, require_exact
from .processes import await_condition

JACK = "amixer -c0 contents | grep -A 2 \"name='.*Jack'\""
# The device waits for a second before it says that the service has gone, and
# gRPC for some more before it tries again.
GONE_S, BACK_S = 6, 15


def await_jack(bench, plugged, timeout):
    """Returns how long it took until the guest saw the jack so."""
    began = time.monotonic()
    word = "values=on" if plugged else "values=off"
    await_condition(lambda: word in bench.guest.run(JACK).output,
                    f"the jack is {'in' if plugged else 'out'}: {bench.guest.run(JACK).output}",
                    timeout, 0.1)
    return round(time.monotonic() - began, 2)


@case("jack", "the guest's jack is plugged in while there is a service", "jack")
def jack(bench: Bench):
    require("values=off" in bench.guest.run(JACK).output,
            f"plugged in without a service: {bench.guest.run('amixer -c0 contents').output}")
    values = {}
    bench.server  # It starts by being used. pylint: disable=pointless-statement
    values["in_s"] = await_jack(bench, True, BACK_S)
    bench.stop_server()
    values["out_s"] = await_jack(bench, False, GONE_S)
    bench.server  # pylint: disable=pointless-statement
    values["in_again_s"] = await_jack(bench, True, BACK_S)
    return values


@case("two_streams", "two programs play at once, each on a stream of its own: byte-exact",
      "streams")
def two_streams(bench: Bench):
    bench.start()
    first = bench.playing("sweep3", number=0)
    second = bench.playing("float", number=1)
    first.await_running()
    second.await_running()
    require(bench.guest.run("pidof aplay").output.count(" ") == 1, "they did not play at once")
    plays = (first.finish(), second.finish())
    for play in plays:
        require_exact(play)
    values = [figures(play) for play in plays]
    return {key: sum(one[key] for one in values) for key in values[0]}
