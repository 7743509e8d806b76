package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// target is a door that requests are sent to.
type target struct{ addr, path, token string }

// client is one connection that is kept open. It does as little as it can: it shares the machine with what it measures.
type client struct {
	target
	conn net.Conn
	in   *bufio.Reader
	out  []byte
	body bytes.Buffer
}

func dial(t target) (*client, error) {
	conn, err := net.Dial("tcp", t.addr)
	if err != nil {
		return nil, err
	}
	return &client{target: t, conn: conn, in: bufio.NewReaderSize(conn, 64<<10)}, nil
}

// send posts a body and answers the answer's, which is good until the next call.
func (c *client) send(body []byte) ([]byte, error) {
	c.out = append(c.out[:0], "POST "+c.path+" HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nAuthorization: Bearer "+c.token+"\r\nContent-Length: "...)
	c.out = append(strconv.AppendInt(c.out, int64(len(body)), 10), "\r\n\r\n"...)
	c.out = append(c.out, body...)
	if _, err := c.conn.Write(c.out); err != nil {
		return nil, err
	}
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return nil, err
	}
	c.body.Reset()
	if _, err := io.Copy(&c.body, resp.Body); err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s: %.300s", c.path, resp.Status, c.body.Bytes())
	}
	return c.body.Bytes(), nil
}

// workload is requests of one sort, and what their answers must look like.
type workload struct {
	target
	request func() []byte // may be called by many at once
	judge   func(answer []byte) error
}

// run is what one run measured.
type run struct {
	rate, p50, p99 float64 // a second; milliseconds
	program, db    float64 // milliseconds of processor time a request
	requests       int
	rss            int // MiB
}

// drive keeps n clients asking for as long as it is told: each sends its next request when it has its answer. What was sent during
// the warm-up counts in sent alone.
func drive(ctx context.Context, w workload, n int, warm, length time.Duration, begin func()) (latencies []time.Duration, sent int, took time.Duration, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var mu sync.Mutex
	var all sync.WaitGroup
	var failure error
	var opened time.Time
	counting := make(chan struct{})
	time.AfterFunc(warm, func() {
		begin()
		opened = time.Now()
		close(counting)
		time.AfterFunc(length, stop)
	})
	for range n {
		all.Go(func() {
			own, count, err := drone(ctx, w, counting)
			mu.Lock()
			defer mu.Unlock()
			latencies, sent = append(latencies, own...), sent+count
			if err != nil {
				failure = errors.Join(failure, err)
				stop()
			}
		})
	}
	all.Wait()
	select {
	case <-counting:
		took = time.Since(opened)
	default:
		failure = errors.Join(failure, context.Cause(ctx))
	}
	return latencies, sent, took, failure
}

// drone is one client of a run.
func drone(ctx context.Context, w workload, counting <-chan struct{}) (latencies []time.Duration, sent int, err error) {
	c, err := dial(w.target)
	if err != nil {
		return nil, 0, err
	}
	defer c.conn.Close()
	for ctx.Err() == nil {
		body := w.request()
		at := time.Now()
		answer, err := c.send(body)
		if err == nil {
			err = w.judge(answer)
		}
		if err != nil {
			return latencies, sent, err
		}
		sent++
		select {
		case <-counting:
			latencies = append(latencies, time.Since(at))
		default:
		}
	}
	return latencies, sent, nil
}

// quantile is in milliseconds; sorted must be.
func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]) / float64(time.Millisecond)
}

// measure runs a workload and looks at the processes around it.
func measure(ctx context.Context, w workload, pid, postmaster, clients int, warm, length time.Duration) (run, int, error) {
	var program, db time.Duration
	latencies, sent, took, err := drive(ctx, w, clients, warm, length, func() { program, db = cpu(pid, false), family(postmaster) })
	if err != nil || len(latencies) == 0 {
		return run{}, sent, errors.Join(err, ctx.Err())
	}
	n := float64(len(latencies))
	each := func(now, before time.Duration) float64 { return float64(now-before) / float64(time.Millisecond) / n }
	rss, _ := memory(pid)
	out := run{
		rate: n / took.Seconds(), program: each(cpu(pid, false), program), db: each(family(postmaster), db), requests: len(latencies), rss: rss,
	}
	slices.Sort(latencies)
	out.p50, out.p99 = quantile(latencies, 0.5), quantile(latencies, 0.99)
	return out, sent, nil
}
