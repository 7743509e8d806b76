// Package page is what a browser sees at /: GraphiQL, with examples to run and the schema to read.
//
// All of it is in the binary, and the page may talk to the server it came from alone: no other host is asked for anything. Loading it
// needs no token, but each of its calls does. The files under assets are bundled by clients/page/build.mjs; assets/THIRD_PARTY.txt has
// the licences of what is in them, and is served beside them.
package page
