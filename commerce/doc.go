// Package commerce holds the words everybody speaks: money, ids, text, addresses, instants and the one error type.
// It imports nothing of ours and knows no storage, no transport and no marketplace.
package commerce
