import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.io.ByteArrayInputStream;

/** Writes and reads as a client does that nobody has set up: it offers HTTP/2 on each new connection. */
public class Writes {
    static HttpClient client = HttpClient.newHttpClient();
    static String base;

    public static void main(String[] arguments) throws Exception {
        base = arguments[0];
        ask("POST", "/api/v1/data/t", text("{\"id\": 1}"));
        ask("POST", "/api/v1/data/t", text("{\"id\": 1}"));
        client = HttpClient.newHttpClient();
        ask("PUT", "/api/v1/data/t/1", text("{\"a\": \"" + "x".repeat(50_000) + "\"}"));
        client = HttpClient.newHttpClient();
        ask("PATCH", "/api/v1/data/t/1", chunks("{\"a\": 2}"));
        client = HttpClient.newHttpClient();
        ask("POST", "/api/v1/query/t", text("{}"));
        client = HttpClient.newHttpClient();
        ask("POST", "/api/v1/none", text("{}"));
        ask("GET", "/api/v1/data/t/1", BodyPublishers.noBody());
        client = HttpClient.newHttpClient();
        ask("DELETE", "/api/v1/data/t/1", BodyPublishers.noBody());
        ask("GET", "/api/v1/data/t/1", BodyPublishers.noBody());
    }

    static BodyPublisher text(String body) {
        return BodyPublishers.ofString(body);
    }

    static BodyPublisher chunks(String body) {
        return BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body.getBytes()));
    }

    static void ask(String method, String path, BodyPublisher body) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(base + path))
            .header("Content-Type", "application/json").method(method, body).build();
        System.out.print(client.send(request, BodyHandlers.ofString()).statusCode() + " ");
    }
}
