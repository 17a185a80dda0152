/**
 * The client of localdial, the local presence service. Start at {@link org.localdial.client.LocaldialClient}.
 *
 * <p>Requests and responses are the messages of {@code org.localdial.v1}. The package adds what phone calls need: a
 * deadline on every call, retries where they are safe, and exceptions with the reason of an error.
 */
package org.localdial.client;
