import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * A record from its first fault to its receipt: java Submit.java ADDRESS TOKEN RECORD.json RECEIPT.json (Java 17 or newer).
 * The JDK reads no JSON; here a few patterns do, in a program take the library that you have.
 */
public class Submit {
    static final HttpClient CLIENT = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
    static String address, token;

    public static void main(String[] arguments) throws Exception {
        address = arguments[0];
        token = arguments[1];
        String id = "EX-JAVA-" + UUID.randomUUID();
        String record = Files.readString(Path.of(arguments[2]))
            .replaceFirst("\"id\": *\"[^\"]*\"", "\"id\": \"" + id + "\"")
            .replaceFirst("\"egitimYer\": *[0-9]+", "\"egitimYer\": 7");
        String next = first(call("/change?after=now", null).body(), "\"next\":\"([^\"]*)\"");

        // 1. Hand over a record. 2. 422: the findings say where, what was seen, what is wanted. Mend, send again.
        HttpResponse<String> answer = call("/kayit", record);
        if (answer.statusCode() == 422) {
            Pattern.compile("\"path\":\"([^\"]*)\".*?\"en\":\"([^\"]*)\"").matcher(answer.body()).results()
                .forEach(finding -> System.out.println("finding: " + finding.group(2)));
            answer = call("/kayit", record.replaceFirst("\"egitimYer\": 7", "\"egitimYer\": 1"));
        }
        if (answer.statusCode() != 201) {
            throw new IllegalStateException(answer.body());
        }
        String number = first(answer.body(), "\"sorgu_no\":\\[([0-9]+)");

        // 3. Follow it by the feed: the call waits until something moves. A program that runs for ever keeps `next`.
        for (String state = ""; !"accepted".equals(state); ) {
            String page = call("/change?after=" + next + "&wait=20", null).body();
            state = last(page, "\"kayit_no\":\"" + id + "\"[^}]*\"state\":\"([a-z_]+)\"", state);
            next = first(page, "\"next\":\"([^\"]*)\"");
            System.out.println(id + ": " + state);
        }

        // 4. The receipt.
        Files.writeString(Path.of(arguments[3]), call("/bildirim/" + number + "/makbuz", null).body());
        System.out.println("receipt: " + arguments[3]);
    }

    /** Tried again after a broken line, 429 and 503: safe, because the record carries its own id. */
    static HttpResponse<String> call(String path, String body) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(address + "/v1" + path))
            .timeout(Duration.ofSeconds(60)).header("Authorization", "Bearer " + token);
        if (body != null) {
            request.header("Content-Type", "application/json").POST(BodyPublishers.ofString(body));
        }
        for (int tried = 1; ; tried++) {
            long wait = (long) (Math.random() * Math.min(20_000, 200L << tried));
            try {
                HttpResponse<String> answer = CLIENT.send(request.build(), BodyHandlers.ofString());
                if (!Set.of(429, 502, 503, 504).contains(answer.statusCode()) || tried == 8) {
                    return answer;
                }
                wait = 1000 * answer.headers().firstValueAsLong("Retry-After").orElse(1);
            } catch (IOException error) {
                if (tried == 8) {
                    throw error;
                }
            }
            Thread.sleep(wait);
        }
    }

    static String first(String text, String pattern) {
        return Pattern.compile(pattern).matcher(text).results().findFirst().orElseThrow().group(1);
    }

    static String last(String text, String pattern, String otherwise) {
        return Pattern.compile(pattern).matcher(text).results().map(each -> each.group(1)).reduce((a, b) -> b)
            .orElse(otherwise);
    }
}
