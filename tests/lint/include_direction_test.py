#!/usr/bin/python3
"""The include check finds what it is there to find."""
import unittest

from include_direction import violations


def found(path, text):
    return len(list(violations(path, text)))


class IncludeDirection(unittest.TestCase):
    def test_client_and_server_never_include_each_other(self):
        self.assertEqual(found("client/a.cc", '#include "server/session.h"\n'), 1)
        self.assertEqual(found("server/a.cc", '#include "client/play_call.h"\n'), 1)

    def test_folders_of_the_device_know_no_transport_and_no_codec(self):
        for header in ("grpcpp/grpcpp.h", "opus/opus.h", "google/protobuf/any.h"):
            self.assertEqual(
                found("device/sound/a.cc", "#include <{}>\n".format(header)), 1)
        self.assertEqual(
            found("device/virtio/a.h", '#include "proto/earshot/v1/a.pb.h"\n'), 1)

    def test_the_sound_device_does_not_know_vhost_user(self):
        self.assertEqual(
            found("device/sound/a.h", '#include "device/vhost_user/backend.h"\n'), 1)

    def test_a_folder_that_is_not_in_the_table_is_refused(self):
        self.assertEqual(found("common/a.h", ""), 1)

    def test_what_the_table_allows_passes(self):
        self.assertEqual(
            found("device/remote_output.cc",
                  '#include <vector>\n#include "client/remote_player.h"\n'
                  '#include "device/sound/pcm_output.h"\n'), 0)
        self.assertEqual(
            found("server/a.cc", '#include <grpcpp/grpcpp.h>\n'
                  '#include "proto/earshot/v1/playback.pb.h"\n'), 0)


if __name__ == "__main__":
    unittest.main()
