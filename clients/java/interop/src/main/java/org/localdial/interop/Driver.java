package org.localdial.interop;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.Status;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.localdial.client.LocaldialClient;
import org.localdial.client.LocaldialException;

/**
 * Drives the Java client for the interop suite: reads commands as lines of JSON, and writes one answer for each.
 *
 * <p>The commands are documented in {@code tests/interop/README.md}.
 */
public final class Driver {
    private static final Gson GSON = new Gson().newBuilder().serializeNulls().disableHtmlEscaping().create();

    private final Map<String, LocaldialClient> clients = new HashMap<>();

    private Driver() {
    }

    /** Answers the commands on the standard input until it ends. */
    public static void main(String[] arguments) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        Driver driver = new Driver();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            out.println(GSON.toJson(driver.answer(line)));
            out.flush();
        }
        driver.clients.values().forEach(LocaldialClient::close);
    }

    private JsonObject answer(String line) {
        try {
            JsonObject command = JsonParser.parseString(line).getAsJsonObject();
            // A null option is not set.
            command.entrySet().removeIf(entry -> entry.getValue().isJsonNull());
            String op = command.get("op").getAsString();
            return switch (op) {
                case "connect" -> connect(command);
                case "close" -> close(command);
                case "call" -> call(command);
                case "pages" -> pages(command);
                case "statuses" -> statuses(command);
                case "cancel" -> cancel(command);
                case "load" -> Load.run(this, command);
                case "methods" -> methods();
                default -> of("unsupported", GSON.toJsonTree(op));
            };
        } catch (LocaldialException error) {
            return of("error", errorObject(error));
        } catch (InvalidProtocolBufferException | ReflectiveOperationException | RuntimeException wrong) {
            return of("unsupported", GSON.toJsonTree(wrong.toString()));
        }
    }

    private JsonObject connect(JsonObject command) {
        close(command);
        try {
            LocaldialClient.Builder builder = LocaldialClient.builder();
            command.getAsJsonArray("addresses").forEach(address -> builder.address(address.getAsString()));
            if (command.has("key")) {
                builder.key(command.get("key").getAsString());
            }
            if (command.has("tls")) {
                builder.tls(command.get("tls").getAsBoolean());
            }
            if (command.has("root_certificate")) {
                builder.rootCertificate(path(command, "root_certificate"));
            }
            if (command.has("client_certificate") || command.has("client_key")) {
                builder.clientCertificate(path(command, "client_certificate"), path(command, "client_key"));
            }
            if (command.has("timeout_ms")) {
                builder.timeout(milliseconds(command, "timeout_ms"));
            }
            if (command.has("carrier_timeout_ms")) {
                builder.carrierTimeout(milliseconds(command, "carrier_timeout_ms"));
            }
            if (command.has("read_your_writes")) {
                builder.readYourWrites(command.get("read_your_writes").getAsBoolean());
            }
            clients.put(name(command), builder.build());
        } catch (IllegalArgumentException | NullPointerException refused) {
            JsonObject error = of("type", GSON.toJsonTree(refused.getClass().getSimpleName()));
            error.addProperty("code", "INVALID_ARGUMENT");
            error.addProperty("message", refused.getMessage());
            return of("error", error);
        }
        return of("ok", GSON.toJsonTree(true));
    }

    private JsonObject close(JsonObject command) {
        LocaldialClient client = clients.remove(name(command));
        if (client != null) {
            client.close();
        }
        return of("ok", GSON.toJsonTree(true));
    }

    private JsonObject call(JsonObject command) throws InvalidProtocolBufferException, ReflectiveOperationException {
        return of("response", GSON.toJsonTree(encoded(method(command).call(request(command)))));
    }

    private JsonObject pages(JsonObject command) throws InvalidProtocolBufferException, ReflectiveOperationException {
        JsonArray pages = new JsonArray();
        for (Object page : method(command).pages(request(command))) {
            pages.add(encoded((Message) page));
        }
        return of("pages", pages);
    }

    private JsonObject statuses(JsonObject command)
            throws InvalidProtocolBufferException, ReflectiveOperationException {
        Message response = method(command).call(request(command));
        FieldDescriptor items = response.getDescriptorForType().findFieldByName(command.get("path").getAsString());
        JsonArray errors = new JsonArray();
        for (Object item : (List<?>) response.getField(items)) {
            Message element = (Message) item;
            FieldDescriptor status = element.getDescriptorForType().findFieldByName("status");
            errors.add(element.hasField(status)
                    ? errorObject(LocaldialException.fromStatus((Status) element.getField(status)))
                    : JsonNull.INSTANCE);
        }
        JsonObject answer = of("response", GSON.toJsonTree(encoded(response)));
        answer.add("errors", errors);
        return answer;
    }

    private JsonObject cancel(JsonObject command) throws InvalidProtocolBufferException, ReflectiveOperationException {
        CompletableFuture<? extends Message> begun = method(command).callAsync(request(command));
        try {
            return of("response", GSON.toJsonTree(encoded(
                    begun.get(command.get("after_ms").getAsLong(), TimeUnit.MILLISECONDS))));
        } catch (TimeoutException stillRunning) {
            begun.cancel(true);
        } catch (ExecutionException failed) {
            return of("error", errorObject((LocaldialException) failed.getCause()));
        } catch (InterruptedException impossible) {
            throw new IllegalStateException(impossible);
        }
        try {
            return of("response", GSON.toJsonTree(encoded(begun.join())));
        } catch (CancellationException cancelled) {
            JsonObject error = of("type", GSON.toJsonTree(cancelled.getClass().getSimpleName()));
            error.addProperty("code", "CANCELLED");
            error.addProperty("message", "cancelled");
            return of("error", error);
        }
    }

    private JsonObject methods() {
        return of("methods", GSON.toJsonTree(ClientMethod.names()));
    }

    ClientMethod method(JsonObject command) throws ReflectiveOperationException {
        LocaldialClient client = clients.get(name(command));
        if (client == null) {
            throw new IllegalStateException("no such client: " + name(command));
        }
        Duration timeout = command.has("timeout_ms") ? milliseconds(command, "timeout_ms") : null;
        return ClientMethod.of(client, command.get("method").getAsString(), timeout);
    }

    Message request(JsonObject command) throws InvalidProtocolBufferException, ReflectiveOperationException {
        JsonElement request = command.has("request") ? command.get("request") : new JsonObject();
        return ClientMethod.request(command.get("method").getAsString(), GSON.toJson(request));
    }

    static JsonObject errorObject(LocaldialException error) {
        JsonObject object = of("type", GSON.toJsonTree(error.getClass().getSimpleName()));
        object.addProperty("code", error.getCode().name());
        object.addProperty("reason", error.getReason());
        object.addProperty("message", error.getDescription());
        object.add("metadata", GSON.toJsonTree(error.getMetadata()));
        JsonArray violations = new JsonArray();
        error.getFieldViolations().forEach(each -> {
            JsonObject violation = of("field", GSON.toJsonTree(each.field()));
            violation.addProperty("description", each.description());
            violations.add(violation);
        });
        object.add("violations", violations);
        object.addProperty("retry_delay_ms", error.getRetryDelay().map(delay -> delay.toNanos() / 1e6).orElse(null));
        return object;
    }

    private static String encoded(Message message) {
        return Base64.getEncoder().encodeToString(message.toByteArray());
    }

    private static Duration milliseconds(JsonObject command, String name) {
        return Duration.ofMillis(command.get(name).getAsLong());
    }

    private static Path path(JsonObject command, String name) {
        return command.has(name) ? Path.of(command.get(name).getAsString()) : null;
    }

    private static String name(JsonObject command) {
        return command.get("client").getAsString();
    }

    private static JsonObject of(String name, JsonElement value) {
        JsonObject object = new JsonObject();
        object.add(name, value);
        return object;
    }
}
