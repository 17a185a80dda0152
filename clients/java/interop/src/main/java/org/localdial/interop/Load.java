package org.localdial.interop;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.localdial.client.LocaldialException;

/** Calls in a loop, several at a time, and counts what goes wrong. */
final class Load {
    private static final int MAX_SAMPLES = 5;

    private final JsonObject errors = new JsonObject();
    private final JsonArray samples = new JsonArray();
    private int calls;

    private Load() {
    }

    static JsonObject run(Driver driver, JsonObject command)
            throws InvalidProtocolBufferException, ReflectiveOperationException {
        ClientMethod method = driver.method(command);
        Message request = driver.request(command);
        long until = System.nanoTime() + (long) (command.get("seconds").getAsDouble() * TimeUnit.SECONDS.toNanos(1));
        Load load = new Load();
        List<Thread> threads = new ArrayList<>();
        for (int index = 0; index < command.get("concurrency").getAsInt(); index++) {
            Thread thread = new Thread(() -> load.callUntil(until, method, request));
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException impossible) {
                throw new IllegalStateException(impossible);
            }
        }
        JsonObject answer = new JsonObject();
        answer.addProperty("calls", load.calls);
        answer.add("errors", load.errors);
        answer.add("samples", load.samples);
        return answer;
    }

    private void callUntil(long until, ClientMethod method, Message request) {
        while (System.nanoTime() < until) {
            try {
                method.call(request);
                count(null);
            } catch (LocaldialException error) {
                count(error);
            } catch (ReflectiveOperationException wrong) {
                throw new IllegalStateException(wrong);
            }
        }
    }

    private synchronized void count(LocaldialException error) {
        calls++;
        if (error != null) {
            String code = error.getCode().name();
            errors.addProperty(code, errors.has(code) ? errors.get(code).getAsInt() + 1 : 1);
            if (samples.size() < MAX_SAMPLES) {
                samples.add(Driver.errorObject(error));
            }
        }
    }
}
