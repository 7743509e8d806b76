package seal

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func load(t *testing.T) *Key {
	t.Helper()
	k, err := LoadOrCreate(filepath.Join(t.TempDir(), "secret.key"))
	require.NoError(t, err)
	return k
}

func TestWhatIsSealedOpensAgain(t *testing.T) {
	k := load(t)
	for _, plain := range []string{"", "s", "app secret \x00 with anything", strings.Repeat("long ", 5000)} {
		sealed := k.Seal([]byte(plain), []byte("chan_1"))
		require.False(t, len(plain) > 1 && bytes.Contains(sealed, []byte(plain)))
		opened, err := k.Open(sealed, []byte("chan_1"))
		require.NoError(t, err)
		require.Equal(t, plain, string(opened))
	}
	require.NotEqual(t, k.Seal([]byte("x"), nil), k.Seal([]byte("x"), nil), "a nonce was used twice")
}

func TestAlteredMovedOrForeignValuesDoNotOpen(t *testing.T) {
	k, other := load(t), load(t)
	sealed := k.Seal([]byte("app secret"), []byte("chan_1"))

	_, err := k.Open(sealed, []byte("chan_2"))
	require.ErrorIs(t, err, ErrOpen, "moved to another row")
	_, err = other.Open(sealed, []byte("chan_1"))
	require.ErrorIs(t, err, ErrOpen, "another key")
	for i := range sealed {
		for bit := range 8 {
			bad := bytes.Clone(sealed)
			bad[i] ^= 1 << bit
			_, err = k.Open(bad, []byte("chan_1"))
			require.ErrorIs(t, err, ErrOpen, "bit %d of byte %d", bit, i)
		}
	}
	for n := range len(sealed) {
		_, err = k.Open(sealed[:n], []byte("chan_1"))
		require.ErrorIs(t, err, ErrOpen, "cut to %d bytes", n)
	}
}

func TestDerivedKeysDifferByPurposeAndStayTheSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	k, err := LoadOrCreate(path)
	require.NoError(t, err)
	again, err := LoadOrCreate(path)
	require.NoError(t, err)

	require.Len(t, k.Derive("cursor"), KeySize)
	require.Equal(t, k.Derive("cursor"), again.Derive("cursor"))
	require.NotEqual(t, k.Derive("cursor"), k.Derive("dispatch"))
	require.NotEqual(t, k.Derive("cursor"), load(t).Derive("cursor"))
	require.NotEqual(t, k.master, k.Derive(""))
}

// The vector, reckoned by RFC 5869 with another program, guards the promise that what an older release sealed still opens.
func TestDeriveKeepsItsValues(t *testing.T) {
	k, err := newKey(bytes.Repeat([]byte{7}, KeySize))
	require.NoError(t, err)
	require.Equal(t, "fbc37ab3fe09ffd54a7d4f3c4242741e710195f7c5cf8ca9df84181af359c4f7", fmt.Sprintf("%x", k.Derive("cursor")))
}

func TestTheKeyFileIsPrivateAndMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "secret.key")
	_, err := LoadOrCreate(path)
	require.NoError(t, err)
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode())

	_, err = LoadOrCreate(path)
	require.NoError(t, err)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, after)
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, left, 1, "nothing temporary is left")
}

func TestProcessesStartingAtOnceAgreeOnTheKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	keys := make([]*Key, 16)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() { keys[i], _ = LoadOrCreate(path) })
	}
	wg.Wait()
	for _, k := range keys {
		require.NotNil(t, k)
		require.Equal(t, keys[0].Derive("x"), k.Derive("x"))
	}
}

func TestUnfitKeyFilesAreRefused(t *testing.T) {
	write := func(t *testing.T, n int, mode fs.FileMode) string {
		path := filepath.Join(t.TempDir(), "secret.key")
		require.NoError(t, os.WriteFile(path, make([]byte, n), 0o600))
		require.NoError(t, os.Chmod(path, mode))
		if os.Getuid() == 0 {
			require.NoError(t, os.Chown(path, 65534, 65534)) // root's own are judged otherwise
		}
		return path
	}
	for _, n := range []int{0, 31, 33, 4096} {
		_, err := LoadOrCreate(write(t, n, 0o600))
		require.Error(t, err, "%d bytes", n)
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o610, 0o620, 0o666} {
		_, err := LoadOrCreate(write(t, KeySize, mode))
		require.ErrorContains(t, err, "0600", "mode %04o", mode)
	}
	_, err := LoadOrCreate(write(t, KeySize, 0o400))
	require.NoError(t, err)
	_, err = LoadOrCreate(t.TempDir())
	require.Error(t, err, "a folder")
}

func TestWhatRootHandsOverItsGroupMayRead(t *testing.T) {
	for mode, want := range map[fs.FileMode]struct{ ofRoot, ofOthers bool }{
		0o400: {true, true}, 0o600: {true, true}, 0o440: {true, false}, 0o640: {true, false},
		0o460: {}, 0o620: {}, 0o660: {}, 0o650: {}, 0o610: {}, 0o604: {}, 0o444: {}, 0o644: {}, 0o602: {}, 0o601: {}, 0o666: {}, 0o777: {},
	} {
		require.Equal(t, want.ofRoot, private(mode, true), "root's, mode %04o", mode)
		require.Equal(t, want.ofOthers, private(mode, false), "mode %04o", mode)
	}
	path := filepath.Join(t.TempDir(), "secret.key")
	require.NoError(t, os.WriteFile(path, make([]byte, KeySize), 0o600))
	require.NoError(t, os.Chmod(path, 0o440))
	_, err := LoadOrCreate(path)
	require.Equal(t, os.Getuid() == 0, err == nil, "%v", err)
}

func TestAKeyDoesNotPrint(t *testing.T) {
	k := load(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		require.Equal(t, "seal.Key(hidden)", fmt.Sprintf(verb, k))
		require.Equal(t, "seal.Key(hidden)", fmt.Sprintf(verb, *k))
	}
}
