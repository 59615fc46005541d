package exchange

import (
	"bytes"
	"errors"
	"net"
	"testing"
)

// sink is a connection that keeps what is written to it.
type sink struct {
	net.Conn
	bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) { return s.Buffer.Write(p) }
func (s *sink) Read(p []byte) (int, error)  { return s.Buffer.Read(p) }

func TestARequestThatWasCalledUnsentCannotBeWrittenAfterwards(t *testing.T) {
	under := &sink{}
	conn := &line{Conn: under}
	if _, err := conn.Write([]byte("an earlier request")); err != nil {
		t.Fatal(err)
	}
	under.Reset()
	once := &sending{}
	once.take(conn)
	if once.failed() {
		t.Error("nothing was written, yet it is called sent")
	}
	if _, err := conn.Write([]byte("GET")); !errors.Is(err, errEnded) || under.Len() > 0 {
		t.Errorf("%d bytes left after all: %v", under.Len(), err)
	}
}

func TestOneByteMakesARequestSentAndItsNextConnectionUseless(t *testing.T) {
	once, first, next := &sending{}, &line{Conn: &sink{}}, &line{Conn: &sink{}}
	once.take(first)
	if _, err := first.Write([]byte("G")); err != nil {
		t.Fatal(err)
	}
	once.take(next)
	if _, err := next.Write([]byte("GET")); !errors.Is(err, errRepeat) || !once.failed() {
		t.Errorf("repeated: %v", err)
	}
}

func TestAConnectionThatCannotBeWatchedCountsAsWrittenTo(t *testing.T) {
	once := &sending{}
	once.take(lineOf(&net.TCPConn{}))
	if !once.failed() {
		t.Error("called unsent")
	}
}
