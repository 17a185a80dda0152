package localdial_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/grpc"

	localdial "github.com/localdial/localdial/clients/go"
)

// These tests run in the fake time of synctest, which advances as soon as every goroutine waits.

// pipes gives a client connections without sockets, and passes their other ends to serve.
func pipes(serve func(net.Conn)) localdial.Option {
	return localdial.WithDialOptions(grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go serve(theirs)
		return ours, nil
	}))
}

// quietPeer speaks HTTP/2 but answers no call. It records when pings arrive, and answers them if answerPings is set.
func quietPeer(answerPings bool, pinged func()) func(net.Conn) {
	return func(conn net.Conn) {
		preface := make([]byte, len(http2.ClientPreface))
		if _, err := io.ReadFull(conn, preface); err != nil {
			return
		}
		framer := http2.NewFramer(conn, conn)
		// Both sides start by writing, and a pipe has no buffer. The framer has one buffer for everything it writes.
		greeted := make(chan struct{})
		go func() {
			defer close(greeted)
			_ = framer.WriteSettings()
		}()
		for {
			frame, err := framer.ReadFrame()
			if err != nil {
				return
			}
			if ping, is := frame.(*http2.PingFrame); is && !ping.IsAck() {
				pinged()
				if answerPings {
					<-greeted
					_ = framer.WritePing(true, ping.Data)
				}
			}
		}
	}
}

func TestAnIdleConnectionIsPingedEvery30Seconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var pings []time.Time
		client := newClient(t, "127.0.0.1:1", pipes(quietPeer(true, func() {
			mu.Lock()
			defer mu.Unlock()
			pings = append(pings, time.Now())
		})))
		// The call opens the connection; after it ends, the connection has no calls.
		start := time.Now()
		if err := getUser(t.Context(), client); !errors.Is(err, localdial.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if len(pings) != 6 {
			t.Fatal(len(pings))
		}
		for index, at := range pings {
			if want := time.Duration(index+1) * 30 * time.Second; at.Sub(start) < want || at.Sub(start) > want+6*time.Second {
				t.Error(index, at.Sub(start))
			}
		}
	})
}

func TestAConnectionWhosePingIsNotAnsweredIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var opened []time.Time
		peer := quietPeer(false, func() {})
		client := newClient(t, "127.0.0.1:1", pipes(func(conn net.Conn) {
			mu.Lock()
			opened = append(opened, time.Now())
			mu.Unlock()
			peer(conn)
		}))
		if err := getUser(t.Context(), client, localdial.Timeout(time.Minute)); err == nil {
			t.Fatal("it answered")
		}
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if len(opened) < 2 || opened[1].Sub(opened[0]) < 39*time.Second || opened[1].Sub(opened[0]) > 43*time.Second {
			t.Error(opened)
		}
	})
}

func TestALostServerIsDialedEverySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var tries []time.Time
		away := grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) {
			mu.Lock()
			defer mu.Unlock()
			tries = append(tries, time.Now())
			return nil, errors.New("connection refused")
		})
		client := newClient(t, "127.0.0.1:1", localdial.WithDialOptions(away))
		for start := time.Now(); time.Since(start) < time.Minute; time.Sleep(10 * time.Millisecond) {
			_ = getUser(t.Context(), client)
		}
		mu.Lock()
		defer mu.Unlock()
		for index := range len(tries) - 1 {
			if pause := tries[index+1].Sub(tries[index]); pause > 1300*time.Millisecond {
				t.Error(index, pause)
			}
		}
		if first := tries[1].Sub(tries[0]); first > 200*time.Millisecond {
			t.Error(first)
		}
		if len(tries) < 45 || len(tries) > 90 {
			t.Error(len(tries))
		}
	})
}
