// limit: a server that speaks just enough RESP to be measured, and stores nothing. It is the floor under
// every server here: what io_uring, TCP over loopback and finding the end of each request cost. bench/compare
// gives the cost of a request as a multiple of what it costs this program.
//
//   limit PORT      listens on 127.0.0.1, answers +OK to every request, ends when it is killed
//
// One thread, one ring, multishot accept and receive into a ring of buffers, at most one send a connection in
// flight. A request is an array of bulk strings; nothing but the lengths is looked at. Any other input closes
// the connection.

#include <arpa/inet.h>
#include <errno.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  kConnectionsMax = 4096,  // by descriptor
  kRingEntries = 4096,
  kBuffers = 1024,  // a power of two
  kBufferBytes = 16384,
  kBufferGroup = 0,
  kRepliesMax = 65536,  // in one send
};

static const char kReply[] = {'+', 'O', 'K', '\r', '\n'};

enum Operation { kAccept, kReceive, kSend };

// Where in a request the parser is.
enum Expecting { kArraySign, kArrayLength, kBulkSign, kBulkLength, kBulkBytes };

struct Connection {
  bool open;
  bool receiving;
  bool sending;
  bool listed;  // in Server.unanswered
  enum Expecting expecting;
  int64_t length;        // of the array or bulk string, as far as read
  int64_t args_left;     // of the request
  int64_t bytes_left;    // of the bulk string and its line end
  uint64_t bytes_owed;   // of replies not yet sent off
  uint64_t bytes_begun;  // of replies sent so far: a send may end within one
};

struct Server {
  struct io_uring ring;
  struct io_uring_buf_ring* buffer_ring;
  char* buffers;
  char* replies;  // kReply, again and again: whatever is owed is a stretch of it
  struct Connection connections[kConnectionsMax];
  int unanswered[kConnectionsMax];  // connections to look at before the next wait
  size_t unanswered_count;
};

static void die(const char* what, int error) {
  fprintf(stderr, "limit: %s: %s\n", what, strerror(error));
  exit(1);
}

static struct io_uring_sqe* new_entry(struct Server* server) {
  struct io_uring_sqe* entry = io_uring_get_sqe(&server->ring);
  if (entry == NULL) {
    io_uring_submit(&server->ring);
    entry = io_uring_get_sqe(&server->ring);
  }
  if (entry == NULL) die("the submission queue is full", EBUSY);
  return entry;
}

// What the completion will tell of where it comes from.
static void tag(struct io_uring_sqe* entry, enum Operation operation, int fd) {
  io_uring_sqe_set_data64(entry, (uint64_t)operation << 32 | (uint32_t)fd);
}

static void start_receiving(struct Server* server, int fd) {
  struct io_uring_sqe* entry = new_entry(server);
  io_uring_prep_recv_multishot(entry, fd, NULL, 0, 0);
  io_uring_sqe_set_flags(entry, IOSQE_BUFFER_SELECT);
  entry->buf_group = kBufferGroup;
  tag(entry, kReceive, fd);
  server->connections[fd].receiving = true;
}

static void lend_buffer(struct Server* server, unsigned number, int offset) {
  io_uring_buf_ring_add(server->buffer_ring, server->buffers + (size_t)number * kBufferBytes, kBufferBytes,
                        (unsigned short)number, io_uring_buf_ring_mask(kBuffers), offset);
}

// One byte of a request's framing. False: this is no request.
static bool take_framing(struct Connection* connection, char byte) {
  switch (connection->expecting) {
    case kArraySign:
      connection->length = 0;
      connection->expecting = kArrayLength;
      return byte == '*';
    case kBulkSign:
      connection->length = 0;
      connection->expecting = kBulkLength;
      return byte == '$';
    case kArrayLength:
    case kBulkLength: break;
    case kBulkBytes: return false;
  }
  if (byte >= '0' && byte <= '9' && connection->length < 1 << 30) {
    connection->length = connection->length * 10 + (byte - '0');
    return true;
  }
  if (byte == '\r') return true;
  if (byte != '\n') return false;
  if (connection->expecting == kArrayLength) {
    connection->args_left = connection->length;
    connection->expecting = kBulkSign;
    return connection->args_left > 0;
  }
  connection->bytes_left = connection->length + 2;
  connection->expecting = kBulkBytes;
  return true;
}

// Finds the ends of requests, and owes a reply for each. False: these are no requests.
static bool take_requests(struct Connection* connection, const char* bytes, size_t count) {
  const char* const end = bytes + count;
  while (bytes < end) {
    if (connection->expecting != kBulkBytes) {
      if (!take_framing(connection, *bytes++)) return false;
      continue;
    }
    const int64_t skipped = end - bytes < connection->bytes_left ? end - bytes : connection->bytes_left;
    bytes += skipped;
    connection->bytes_left -= skipped;
    if (connection->bytes_left > 0) break;
    connection->expecting = kBulkSign;
    if (--connection->args_left > 0) continue;
    connection->expecting = kArraySign;
    connection->bytes_owed += sizeof kReply;
  }
  return true;
}

static void list_unanswered(struct Server* server, int fd) {
  struct Connection* connection = &server->connections[fd];
  if (!connection->open || connection->listed || connection->sending || connection->bytes_owed == 0) return;
  connection->listed = true;
  server->unanswered[server->unanswered_count++] = fd;
}

static void send_replies(struct Server* server) {
  for (size_t i = 0; i < server->unanswered_count; ++i) {
    const int fd = server->unanswered[i];
    struct Connection* connection = &server->connections[fd];
    connection->listed = false;
    if (!connection->open) continue;
    const size_t begin = connection->bytes_begun % sizeof kReply;
    const size_t most = (size_t)kRepliesMax * sizeof kReply - begin;
    const size_t count = connection->bytes_owed < most ? connection->bytes_owed : most;
    struct io_uring_sqe* entry = new_entry(server);
    io_uring_prep_send(entry, fd, server->replies + begin, count, MSG_WAITALL | MSG_NOSIGNAL);
    tag(entry, kSend, fd);
    connection->sending = true;
  }
  server->unanswered_count = 0;
}

static void close_connection(struct Server* server, int fd) {
  struct Connection* connection = &server->connections[fd];
  if (!connection->open) return;
  connection->open = false;
  shutdown(fd, SHUT_RDWR);  // Ends what is still under way.
}

// The descriptor's number is free for others only when no completion for it is still to come.
static void release_if_idle(const struct Connection* connection, int fd) {
  if (!connection->open && !connection->receiving && !connection->sending) close(fd);
}

static void on_accepted(struct Server* server, const struct io_uring_cqe* completion) {
  const int fd = completion->res;
  if (fd < 0) die("accept", -fd);
  if (fd >= kConnectionsMax) {
    close(fd);
    return;
  }
  memset(&server->connections[fd], 0, sizeof server->connections[fd]);
  server->connections[fd].open = true;
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  start_receiving(server, fd);
}

static void on_received(struct Server* server, const struct io_uring_cqe* completion, int fd) {
  struct Connection* connection = &server->connections[fd];
  if (completion->flags & IORING_CQE_F_BUFFER) {
    const unsigned buffer = completion->flags >> IORING_CQE_BUFFER_SHIFT;
    if (connection->open && !take_requests(connection, server->buffers + (size_t)buffer * kBufferBytes,
                                           (size_t)completion->res)) {
      close_connection(server, fd);
    }
    lend_buffer(server, buffer, 0);
    io_uring_buf_ring_advance(server->buffer_ring, 1);
    list_unanswered(server, fd);
  }
  if (completion->flags & IORING_CQE_F_MORE) return;
  connection->receiving = false;
  if (connection->open && (completion->res > 0 || completion->res == -ENOBUFS)) {
    start_receiving(server, fd);
    return;
  }
  close_connection(server, fd);
  release_if_idle(connection, fd);
}

static void on_sent(struct Server* server, const struct io_uring_cqe* completion, int fd) {
  struct Connection* connection = &server->connections[fd];
  connection->sending = false;
  if (completion->res <= 0) close_connection(server, fd);
  if (!connection->open) {
    release_if_idle(connection, fd);
    return;
  }
  connection->bytes_owed -= (uint64_t)completion->res;
  connection->bytes_begun += (uint64_t)completion->res;
  list_unanswered(server, fd);
}

static void serve(struct Server* server) {
  for (;;) {
    io_uring_submit_and_wait(&server->ring, 1);
    struct io_uring_cqe* completion;
    unsigned head;
    unsigned count = 0;
    io_uring_for_each_cqe(&server->ring, head, completion) {
      const int fd = (int)(uint32_t)completion->user_data;
      switch ((enum Operation)(completion->user_data >> 32)) {
        case kAccept: on_accepted(server, completion); break;
        case kReceive: on_received(server, completion, fd); break;
        case kSend: on_sent(server, completion, fd); break;
      }
      ++count;
    }
    io_uring_cq_advance(&server->ring, count);
    send_replies(server);
  }
}

static void set_up_ring(struct Server* server) {
  struct io_uring_params params = {0};
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
  params.cq_entries = 4 * kRingEntries;
  int error = io_uring_queue_init_params(kRingEntries, &server->ring, &params);
  if (error < 0) die("io_uring", -error);

  void* memory = NULL;
  error = posix_memalign(&memory, 4096, kBuffers * sizeof(struct io_uring_buf));
  if (error != 0) die("memory for the ring of buffers", error);
  server->buffer_ring = memory;
  struct io_uring_buf_reg registration = {0};
  registration.ring_addr = (uint64_t)(uintptr_t)memory;
  registration.ring_entries = kBuffers;
  registration.bgid = kBufferGroup;
  error = io_uring_register_buf_ring(&server->ring, &registration, 0);
  if (error < 0) die("the ring of buffers", -error);
  io_uring_buf_ring_init(server->buffer_ring);
  server->buffers = malloc((size_t)kBuffers * kBufferBytes);
  if (server->buffers == NULL) die("memory for buffers", ENOMEM);
  for (unsigned i = 0; i < kBuffers; ++i) lend_buffer(server, i, (int)i);
  io_uring_buf_ring_advance(server->buffer_ring, kBuffers);
}

static void set_up_replies(struct Server* server) {
  server->replies = malloc((size_t)kRepliesMax * sizeof kReply);
  if (server->replies == NULL) die("memory for replies", ENOMEM);
  for (size_t i = 0; i < kRepliesMax; ++i) memcpy(server->replies + i * sizeof kReply, kReply, sizeof kReply);
}

static void start_accepting(struct Server* server, uint16_t port) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0) die("socket", errno);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {0};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (struct sockaddr*)&address, sizeof address) != 0) die("bind", errno);
  if (listen(listener, 1024) != 0) die("listen", errno);
  struct io_uring_sqe* entry = new_entry(server);
  io_uring_prep_multishot_accept(entry, listener, NULL, NULL, 0);
  tag(entry, kAccept, listener);
}

int main(int argc, char** argv) {
  const long port = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
  if (port < 1 || port > 65535) {
    fprintf(stderr, "usage: limit PORT\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  struct Server* server = calloc(1, sizeof *server);
  if (server == NULL) die("memory", ENOMEM);
  set_up_ring(server);
  set_up_replies(server);
  start_accepting(server, (uint16_t)port);
  serve(server);
}
