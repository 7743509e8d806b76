package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// Who asks the server to stop gets what is in hand finished, sockets closed with a reason, and exit code 0.
func TestAStopFinishesWhatIsInHand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := free.Addr().String()
	require.NoError(t, free.Close())
	token, err := exec.Command("oneshelf", "token", "--data-dir", dir, "--brand", "acme", "--create-brand", "--scope", "products:read").Output()
	require.NoError(t, err)

	var said bytes.Buffer
	server := exec.Command("oneshelf", "serve", "--data-dir", dir, "--addr", addr)
	server.Stderr = &said
	require.NoError(t, server.Start())
	exited := make(chan error, 1)
	go func() { exited <- server.Wait() }()
	t.Cleanup(func() { server.Process.Kill() })
	within(t, "the server is ready", 15*time.Second, func() bool {
		resp, err := client.Get("http://" + addr + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	resp, err := client.Get("http://" + addr + "/metrics")
	require.NoError(t, err)
	shown, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Contains(t, string(shown), "\noneshelf_figures_up 1\n")

	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	socket, _, err := websocket.Dial(ctx, "ws://"+addr+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	require.NoError(t, err)
	defer socket.CloseNow()
	hello := fmt.Sprintf(`{"type":"connection_init","payload":{"Authorization":"Bearer %s"}}`, strings.TrimSpace(string(token)))
	require.NoError(t, socket.Write(ctx, websocket.MessageText, []byte(hello)))
	_, ack, err := socket.Read(ctx)
	require.NoError(t, err)
	require.Contains(t, string(ack), "connection_ack")

	// A request is in hand once the server asks for its body.
	body := `{"query":"{ viewer { subject } }"}`
	slow, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer slow.Close()
	require.NoError(t, slow.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = fmt.Fprintf(slow, "POST /graphql HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		addr, strings.TrimSpace(string(token)), len(body))
	require.NoError(t, err)
	answers := bufio.NewReader(slow)
	going, err := answers.ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, going, "100 Continue")
	_, err = answers.ReadString('\n')
	require.NoError(t, err)

	asked := time.Now()
	require.NoError(t, server.Process.Signal(syscall.SIGTERM))
	_, _, err = socket.Read(ctx)
	require.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(err))
	within(t, "nobody new is let in", 10*time.Second, func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	_, err = io.WriteString(slow, body)
	require.NoError(t, err)
	answer, err := http.ReadResponse(answers, nil)
	require.NoError(t, err)
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Contains(t, string(text), `"subject":"cli"`)
	select {
	case err := <-exited:
		require.NoError(t, err, "exit code 0")
	case <-time.After(20*time.Second - time.Since(asked)):
		require.Fail(t, "the server did not end within 20 s")
	}
	require.NotContains(t, said.String(), `"level":"ERROR"`)
	require.Contains(t, said.String(), `"route":"/graphql"`)
}

// Sockets are no connections of the HTTP server any more; the process waits for them all the same.
func TestAStopClosesEverySocket(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 1, "", "")
	f.end(t, f.servers[0], syscall.SIGTERM)
	f.servers[0].args = append(f.servers[0].args, "--roles", "api") // no work of its own keeps it
	f.start(t, f.servers[0])
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	sockets := make([]*websocket.Conn, 1000)
	for i := range sockets {
		socket, _, err := websocket.Dial(ctx, "ws://"+f.servers[0].addr+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
		require.NoError(t, err)
		defer socket.CloseNow()
		require.NoError(t, socket.Write(ctx, websocket.MessageText, []byte(`{"type":"connection_init","payload":{"Authorization":"Bearer `+f.token+`"}}`)))
		_, _, err = socket.Read(ctx)
		require.NoError(t, err)
		sockets[i] = socket
	}
	closed := make(chan websocket.StatusCode, len(sockets))
	for _, socket := range sockets {
		go func() {
			_, _, err := socket.Read(ctx)
			closed <- websocket.CloseStatus(err)
		}()
	}
	f.end(t, f.servers[0], syscall.SIGTERM)
	codes := map[websocket.StatusCode]int{}
	for range sockets {
		codes[<-closed]++
	}
	require.Equal(t, map[websocket.StatusCode]int{websocket.StatusGoingAway: len(sockets)}, codes)
}
