// Command plain answers the benchmark's reads and writes as a careful hand would write them: net/http, a pgx pool, flat statements,
// encoding/json. It knows one brand, asks nobody for a token and has no query language. It is what the server is measured beside.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/oneshelf/oneshelf/commerce"
)

func main() {
	url := flag.String("database-url", "", "the database that the benchmark filled")
	brand := flag.String("brand", "", "the code of the brand it was filled for")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *url, *brand); err != nil {
		fmt.Fprintln(os.Stderr, "plain:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends. It prints the address it listens on.
func run(ctx context.Context, url, brand string) error {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return err
	}
	cfg.MaxConns = 16 // as many as the server has
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer pool.Close()
	a := &answers{pool: pool}
	if err := pool.QueryRow(ctx, "SELECT id, currency FROM brands WHERE code = $1", brand).Scan(&a.brand, &a.currency); err != nil {
		return err
	}
	if _, err := pool.Exec(ctx, ownTables, pgx.QueryExecModeSimpleProtocol); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("POST /products", answer(a.products))
	mux.Handle("POST /product", answer(a.product))
	mux.Handle("POST /orders", answer(a.place))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	server := &http.Server{Handler: mux}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// answers is the program over its pool.
type answers struct {
	pool     *pgxpool.Pool
	brand    commerce.UUID
	currency commerce.Currency
}

// answer reads an input, and writes what handle makes of it.
func answer[In any](handle func(context.Context, In) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in In
		if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&in); err != nil {
			http.Error(w, "not an input", http.StatusBadRequest)
			return
		}
		out, err := handle(r.Context(), in)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"data": out})
	})
}

func publicID(kind commerce.Kind, u commerce.UUID) string {
	return commerce.ID{Kind: kind, UUID: u}.String()
}

type money struct {
	Amount   string            `json:"amount"`
	Currency commerce.Currency `json:"currency"`
}

func moneyOf(n int64, c commerce.Currency) *money {
	return &money{commerce.Money{Amount: n, Currency: c}.Text(), c}
}
