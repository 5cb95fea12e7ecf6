// EventLoop: not yet written.
